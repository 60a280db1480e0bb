import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { caddyFront } from '../../src/front/caddy.ts'
import type { Front } from '../../src/front/front.ts'
import { instanceFrom, type Instance } from '../../src/host/instance.ts'
import { connectNetwork } from '../../src/host/network.ts'
import { removeLeftovers } from './leftovers.ts'
import { freePort } from './test-berth.ts'

export interface FrontAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Backend {
  readonly address: string
  readonly child: ChildProcess
}

/** A front of a test's own, with backends that look like sandboxes to it. */
export class TestFront implements AsyncDisposable {
  readonly instance: Instance
  readonly environment: NodeJS.ProcessEnv
  readonly front: Front
  readonly #children: ChildProcess[] = []
  readonly #network = `10.253.${randomInt(1, 250)}`
  #count = 0

  private constructor(environment: NodeJS.ProcessEnv) {
    this.environment = environment
    this.instance = instanceFrom(environment)
    this.front = this.anotherFront()
  }

  static async create(): Promise<TestFront> {
    const home = join('/var/tmp', `berth-front-${randomBytes(4).toString('hex')}`)
    await mkdir(home, { mode: 0o711 })
    const ports = { BERTH_HTTP_PORT: String(await freePort()), BERTH_HTTPS_PORT: String(await freePort()) }
    return new TestFront({ BERTH_HOME: home, ...ports })
  }

  /** What the next daemon would have. */
  anotherFront(): Front {
    return caddyFront(this.instance, { certificates: 'internal' })
  }

  /** In a network namespace of its own, as a sandbox would be: port 80 of this host may be taken. */
  async backend(name: string, port = 80): Promise<Backend> {
    const number = (this.#count += 1)
    const address = `${this.#network}.${number * 2 + 1}`
    const child = await this.#started('unshare', [
      '--net',
      process.execPath,
      scriptAt('front-backend.ts'),
      name,
      String(port),
    ])
    const pair = { hostAddress: `${this.#network}.${number * 2}`, sandboxAddress: address }
    await connectNetwork(this.instance, { id: name, pid: child.pid ?? 0, pair })
    return { address, child }
  }

  /** Starts a script beside this one and waits for its first line. */
  child(script: string, ...args: string[]): Promise<ChildProcess> {
    return this.#started(process.execPath, [scriptAt(script), ...args])
  }

  async #started(program: string, args: readonly string[]): Promise<ChildProcess> {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...this.environment },
    })
    this.#children.push(child)
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve)
      child.once('exit', (code) => reject(new Error(`${args.join(' ')} exited with ${code ?? 'a signal'}`)))
    })
    return child
  }

  get(host: string, path = '/', headers: Record<string, string> = {}): Promise<FrontAnswer> {
    return ask(this.instance.httpPort, { method: 'GET', host, path, headers })
  }

  post(host: string, path: string, body: string): Promise<FrontAnswer> {
    return ask(this.instance.httpPort, { method: 'POST', host, path, body })
  }

  /** Which backend answers. */
  async answering(host: string): Promise<string> {
    const { status, text } = await this.get(host)
    assert.equal(status, 200, text)
    return (JSON.parse(text) as { name: string }).name
  }

  async processOf(name: 'caddy-process' | 'dnsmasq'): Promise<number> {
    const text = await readFile(join(this.instance.run, 'front', `${name}.json`), 'utf8')
    return (JSON.parse(text) as { pid: number }).pid
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.front.stop()
    } finally {
      for (const child of this.#children) child.kill('SIGKILL')
      await removeLeftovers(this.instance)
      await rm(this.instance.home, { recursive: true, force: true })
    }
  }
}

function scriptAt(name: string): string {
  return join(import.meta.dirname, name)
}

export interface Asking {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly agent?: Agent
}

export function ask(port: number, { method, host, path, headers, body, agent }: Asking): Promise<FrontAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers: { host, ...headers }, agent: agent ?? false }
    const asking = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      response.once('error', reject)
    })
    asking.setTimeout(30_000, () => asking.destroy(new Error('no answer within 30 s')))
    asking.once('error', reject)
    asking.end(body)
  })
}

/** Clients that ask all the time: kept and fresh connections, a quarter posts, some slow. */
export class Clients {
  answered = 0
  readonly lost: string[] = []
  readonly names = new Set<string>()
  #isOver = false
  readonly #port: number
  readonly #host: string
  readonly #work: Promise<void>[]

  constructor(port: number, host: string, count: number) {
    this.#port = port
    this.#host = host
    this.#work = Array.from({ length: count }, (_, number) => this.#client(number))
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#work)
  }

  async #client(number: number): Promise<void> {
    const agent = new Agent({ keepAlive: number % 2 === 0, maxSockets: 1 })
    for (let turn = 0; !this.#isOver; turn += 1) {
      await this.#ask(number, turn, agent)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    agent.destroy()
  }

  async #ask(number: number, turn: number, agent: Agent): Promise<void> {
    const isPost = (number + turn) % 4 === 0
    const path = number === 1 && turn % 3 === 0 ? '/slow' : '/'
    const body = isPost ? `${number}:${turn}`.padEnd(2000, 'x') : ''
    try {
      const answer = await ask(this.#port, { method: isPost ? 'POST' : 'GET', host: this.#host, path, body, agent })
      if (answer.status !== 200) throw new Error(`status ${answer.status}`)
      const { name, body: echoed } = JSON.parse(answer.text) as { name: string; body: string }
      if (echoed !== body) throw new Error('another body')
      this.names.add(name)
      this.answered += 1
    } catch (error) {
      this.lost.push(`${isPost ? 'POST' : 'GET'} ${path}: ${String(error)}`)
    }
  }
}
