import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { randomBytes, randomInt } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { instanceFrom, pathsOf, type Instance } from '../../src/host/instance.ts'
import type { DaemonInfo } from '../../src/model/api.ts'
import type { Event, ProblemEvent } from '../../src/model/events.ts'
import { leftovers, removeLeftovers } from './leftovers.ts'

export const repository = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Answer {
  readonly status: number
  readonly text: string
}

/** A berth of a test's own: home, run directory, ports, names. Disposing of it checks that nothing is left behind. */
export class TestBerth implements AsyncDisposable {
  readonly instance: Instance
  readonly environment: NodeJS.ProcessEnv
  readonly #folders: string[] = []

  private constructor(environment: NodeJS.ProcessEnv) {
    this.environment = environment
    this.instance = instanceFrom(environment)
  }

  static async create(): Promise<TestBerth> {
    const home = join('/var/tmp', `berth-e2e-${randomBytes(4).toString('hex')}`)
    await mkdir(home, { mode: 0o711 })
    const environment = {
      ...process.env,
      BERTH_HOME: home,
      BERTH_HTTP_PORT: String(await freePort()),
      BERTH_HTTPS_PORT: String(await freePort()),
      NO_COLOR: '1',
    }
    const berth = new TestBerth(environment)
    await berth.#takeSeed()
    return berth
  }

  get home(): string {
    return this.instance.home
  }

  /** Runs the command as a user would. Input, when given, goes to its stdin. */
  async run(args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ran> {
    const child = spawn(join(repository, 'berth'), args, {
      cwd: repository,
      env: { ...this.environment, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const outputs = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outputs.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outputs.stderr += text))
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve({ code: code ?? -1, ...outputs }))
    })
  }

  /** Runs a command that has to succeed. */
  async ok(...args: string[]): Promise<Ran> {
    const ran = await this.run(args)
    assert.equal(ran.code, 0, `berth ${args.join(' ')}: ${ran.stdout}\n${ran.stderr}\n${await this.daemonLog()}`)
    return ran
  }

  async json<Value>(...args: string[]): Promise<Value> {
    return JSON.parse((await this.ok(...args, '--json')).stdout) as Value
  }

  /** Runs work with `--json` and gives its exit code and events, whether it succeeds or not. */
  async events(...args: string[]): Promise<{ code: number; events: Event[]; last: Event }> {
    const { code, stdout, stderr } = await this.run([...args, '--json'])
    const events = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event)
    const last = events.at(-1)
    assert.ok(last, `no event from berth ${args.join(' ')}: ${stderr}`)
    return { code, events, last }
  }

  /** Runs work that has to fail, and gives the problem. */
  async problem(...args: string[]): Promise<ProblemEvent & { exitCode: number }> {
    const { code, last } = await this.events(...args)
    assert.notEqual(code, 0, JSON.stringify(last))
    assert.equal(last.kind, 'problem', JSON.stringify(last))
    return { ...last, exitCode: code }
  }

  /** Asks the front for a page of an application. */
  get(app: string, path = '/'): Promise<Answer> {
    return ask({ port: this.instance.httpPort, host: `${app}.localhost`, path })
  }

  /** A folder of the test's own that is removed at the end, filled with `files` or a copy of an example. */
  async folder(content: Readonly<Record<string, string>> | string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-app-'))
    this.#folders.push(folder)
    const asItIs = { recursive: true, verbatimSymlinks: true }
    if (typeof content === 'string') await cp(join(repository, content), folder, asItIs)
    else for (const [name, text] of Object.entries(content)) await writeFile(join(folder, name), text)
    return folder
  }

  async daemonInfo(): Promise<DaemonInfo | undefined> {
    return askSocket<DaemonInfo>(pathsOf(this.instance).socket, '/v1/daemon').catch(() => undefined)
  }

  async daemonLog(): Promise<string> {
    return readFile(pathsOf(this.instance).daemonLog, 'utf8').catch(() => '(no daemon log)')
  }

  /** kill -9 of the daemon, and of nothing else. */
  async killDaemon(): Promise<void> {
    const info = await this.daemonInfo()
    assert.ok(info, 'no daemon runs')
    process.kill(info.pid, 'SIGKILL')
    await waitForEnd(info.pid)
  }

  /** What of this instance is on the host now: mounts, namespaces, interfaces, cgroups, processes. */
  leftovers(): Promise<string[]> {
    return leftovers(this.instance)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#takeAway()
    } finally {
      await removeLeftovers(this.instance)
      for (const folder of this.#folders) await rm(folder, { recursive: true, force: true })
      await this.#giveSeed()
      await rm(this.home, { recursive: true, force: true })
    }
  }

  async #takeAway(): Promise<void> {
    const info = await this.daemonInfo()
    if (!info) return
    for (const { app } of await this.json<{ app: string }[]>('ps')) await this.ok('destroy', app, '--yes', '--volumes')
    process.kill(info.pid, 'SIGTERM')
    await waitForEnd(info.pid)
  }

  /** Finished bases and packages are shared between the tests of one run: by hard links, as nothing changes them. */
  async #takeSeed(): Promise<void> {
    const seed = process.env['BERTH_TEST_CACHE']
    if (seed === undefined) return
    await mkdir(seed, { recursive: true })
    await link(['--shared', seed], seed, this.home)
  }

  async #giveSeed(): Promise<void> {
    const seed = process.env['BERTH_TEST_CACHE']
    if (seed === undefined) return
    await link([seed], this.home, seed)
  }
}

/** Under a lock: half of a layer that another test is just giving would be taken for the whole. */
async function link(lock: readonly string[], from: string, to: string): Promise<void> {
  const child = spawn('flock', [...lock, 'sh', '-c', linkAll, 'sh', from, to], { stdio: 'ignore' })
  await new Promise((resolve) => child.once('close', resolve))
}

const linkAll = `
  for name in blobs layers cache; do
    test -d "$1/$name" || continue
    mkdir -p "$2/$name"
    cp -aln "$1/$name/." "$2/$name"
  done
`

/** One GET over a new connection. */
export function ask({ port, host, path }: { port: number; host: string; path: string }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.once('error', reject)
    })
    asking.setTimeout(60_000, () => asking.destroy(new Error('no answer within 60 s')))
    asking.once('error', reject)
    asking.end()
  })
}

function askSocket<Value>(socketPath: string, path: string): Promise<Value> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve(JSON.parse(text) as Value))
    })
    asking.once('error', reject)
    asking.end()
  })
}

/** Waits until something holds; how long that takes decides nothing but when to give up. */
export async function eventually(what: string, holds: () => Promise<boolean>, seconds = 30): Promise<void> {
  const until = Date.now() + seconds * 1000
  while (!(await holds())) {
    assert.ok(Date.now() < until, `not within ${seconds} s: ${what}`)
    await sleep(50)
  }
}

async function waitForEnd(pid: number): Promise<void> {
  await eventually(`process ${pid} ends`, () => Promise.resolve(!isAlive(pid)))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/**
 * A port for later: below those that the kernel gives to connections and to who asks for any, which until then could get
 * it, and no other test's for as long as this process lives.
 */
export async function freePort(): Promise<number> {
  const [lowest = '32768'] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).trim().split(/\s+/)
  for (;;) {
    const port = randomInt(10_000, Math.max(20_000, Number(lowest)))
    if (await listens(`\0berth-test-port-${port}`, 'for good')) {
      if (await listens(port, 'for a moment')) return port
    }
  }
}

/** Whether nobody else listens there, at a port or an abstract socket. */
function listens(where: number | string, how: 'for good' | 'for a moment'): Promise<boolean> {
  const server = createServer().unref()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(where, () => {
      if (how === 'for good') resolve(true)
      else server.close(() => resolve(true))
    })
  })
}
