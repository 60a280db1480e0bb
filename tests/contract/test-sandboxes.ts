import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { instanceFrom, type Instance } from '../../src/host/instance.ts'
import { ensureRunDirectory } from '../../src/host/mounts.ts'
import type { CommandIo, Isolator } from '../../src/isolation/isolator.ts'
import { ladder } from '../../src/isolation/ladder.ts'
import { levels } from '../../src/isolation/levels/index.ts'
import { readLastLines } from '../../src/isolation/sandbox/log-file.ts'
import type { LevelName } from '../../src/model/levels.ts'
import { levelPromises } from '../../src/model/promises.ts'
import type { Exit, SandboxSpec, Volume } from '../../src/model/sandbox.ts'
import { removeLeftovers } from '../e2e/leftovers.ts'
import { imageOf } from './test-docker.ts'
import { shareMachineParts } from './test-machines.ts'
import { applicationEnvironment, applicationTree, rootFileSystem, run } from './test-trees.ts'

export { run }

export interface Ran {
  readonly exit: Exit
  readonly stdout: string
  readonly stderr: string
}

/** Sandboxes of a test's own, on an instance of its own. Disposing of it removes every trace. */
export class TestSandboxes implements AsyncDisposable {
  readonly instance: Instance
  readonly isolator: Isolator
  readonly tree: string
  readonly limits = {
    memoryBytes: 128 * 1024 ** 2,
    cpus: 0.5,
    pids: 64,
    tmpBytes: 16 * 1024 ** 2,
    ioBytesPerSecond: 64 * 1024 ** 2,
  }
  readonly ended: { id: string; exit: Exit }[] = []
  readonly #level: LevelName
  readonly #stopWatching: () => void
  /** Of its own: where sandboxes see the host's processes, those of another test run may not be of the same user. */
  readonly #firstRange = 15_000 + randomInt(17_000)
  /** Of a /31 for each sandbox: one among 12,000, so that tests at the same time hardly share it; none of a berth's own. */
  readonly #block = `10.${randomInt(144, 192)}.${randomInt(256)}`
  #count = 0

  private constructor(level: LevelName, instance: Instance, isolator: Isolator, tree: string) {
    this.#level = level
    this.instance = instance
    this.isolator = isolator
    this.tree = tree
    this.#stopWatching = isolator.watch((id, exit) => this.ended.push({ id, exit }))
  }

  static async create(level: LevelName): Promise<TestSandboxes> {
    const home = join('/var/tmp', `berth-isolator-${randomBytes(4).toString('hex')}`)
    await mkdir(home, { mode: 0o711 })
    const instance = instanceFrom({ BERTH_HOME: home })
    await ensureRunDirectory(instance)
    if (level === 'vm') await shareMachineParts(home)
    const tree = levelPromises[level].ownRoot ? await rootFileSystem() : await applicationTree()
    return new TestSandboxes(level, instance, ladder(instance), tree)
  }

  spec(argv: readonly string[], over: Partial<SandboxSpec> = {}): SandboxSpec {
    const number = (this.#count += 1)
    const id = `app-${number}`
    return {
      id,
      level: this.#level,
      hostname: id,
      layers: [this.tree],
      argv,
      workdir: '/',
      env: { LANG: 'C.UTF-8', ...(levelPromises[this.#level].ownRoot ? {} : applicationEnvironment) },
      idBase: (this.#firstRange + number) * 65_536,
      volumes: [],
      limits: this.limits,
      port: 8000,
      link: { hostAddress: `${this.#block}.${number * 2}`, sandboxAddress: `${this.#block}.${number * 2 + 1}` },
      logFile: join(this.instance.home, 'logs', `${id}.log`),
      ...over,
    }
  }

  /** A volume of the kind that the level can give: a disk of its own where it is attached, else a plain directory. */
  async volume(target: string): Promise<Volume> {
    const source = join(this.instance.home, 'volumes', 'data')
    await mkdir(source, { recursive: true })
    const image = { file: `${source}.ext4`, bytes: 32 * 1024 ** 2, inodes: 1000 }
    return { source, target, ...(levels[this.#level].attachesVolumes ? { image } : {}) }
  }

  /** Shows a volume that no sandbox has. */
  async openVolume({ source, image }: Volume, look: (directory: string) => Promise<void>): Promise<void> {
    if (!image) return look(source)
    await run('mount', ['-o', 'loop,ro', image.file, source])
    await look(source).finally(() => run('umount', ['--detach-loop', source]))
  }

  /** A level with a store of its own needs the image that the layers are of. */
  async complete(spec: SandboxSpec): Promise<SandboxSpec> {
    if (this.#level !== 'docker') return spec
    const image = await imageOf(spec.layers).catch(() => undefined) // of layers that are not there
    return image ? { ...spec, image } : spec
  }

  /** Starts a sandbox that does nothing, unless told what to do. */
  async start(argv: readonly string[] = ['sleep', '1000'], over: Partial<SandboxSpec> = {}) {
    const spec = await this.complete(this.spec(argv, over))
    const { pid } = await this.isolator.start(spec)
    return { spec, id: spec.id, pid }
  }

  exec(id: string, argv: readonly string[], io: Partial<CommandIo> = {}): Promise<Ran> {
    return collected((all) => this.isolator.exec(id, argv, { ...all, ...io }, new AbortController().signal))
  }

  /** Runs a shell command in a sandbox; gives what it printed, and fails when it does. */
  async shell(id: string, command: string): Promise<string> {
    const { exit, stdout, stderr } = await this.exec(id, ['sh', '-c', command])
    assert.deepEqual(exit, { kind: 'code', code: 0, outOfMemory: false }, stderr)
    return stdout.trim()
  }

  async runOnce(spec: SandboxSpec, io: Partial<CommandIo> = {}, signal = new AbortController().signal): Promise<Ran> {
    const whole = await this.complete(spec)
    return collected((all) => this.isolator.run(whole, { ...all, ...io }, signal))
  }

  async endOf(id: string): Promise<Exit> {
    return eventually(`the end of ${id}`, () => this.ended.find((end) => end.id === id)?.exit)
  }

  async log({ logFile }: SandboxSpec): Promise<string[]> {
    return (await readLastLines(logFile, 100)).map(({ text }) => text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopWatching()
    try {
      for (const { id } of await this.isolator.list()) await this.isolator.stop(id, 0)
      assert.deepEqual(await this.isolator.list(), [])
    } finally {
      await removeLeftovers(this.instance)
      const group = ['-maxdepth', '2', '-type', 'd', '-name', this.instance.name]
      await run('find', ['/sys/fs/cgroup', ...group, '-exec', 'rmdir', '{}', '+']).catch(() => undefined)
      await rm(this.instance.home, { recursive: true, force: true })
    }
  }
}

async function collected(work: (io: CommandIo) => Promise<Exit>): Promise<Ran> {
  const outputs = { stdout: '', stderr: '' }
  const exit = await work({
    stdout: (chunk) => (outputs.stdout += chunk.toString()),
    stderr: (chunk) => (outputs.stderr += chunk.toString()),
  })
  return { exit, ...outputs }
}

/** Asks again until there is an answer; an emulated machine takes its time to start. */
export async function eventually<Value>(
  what: string,
  ask: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> {
  for (let attempt = 0; attempt < 5000; attempt += 1) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await sleep(20)
  }
  throw new Error(`waited in vain for ${what}`)
}

/** What a connection from inside a sandbox comes to: `open`, or the name of the error. */
export function connectFrom(address: string, port: number): string[] {
  const script = `import errno, socket
s = socket.socket(); s.settimeout(20)
try: s.connect(('${address}', ${port})); print('open')
except socket.timeout: print('timeout')
except OSError as e: print(errno.errorcode[e.errno])`
  return ['python3', '-c', script]
}

/** In a chroot the kernel makes none, for nobody; there, sandboxes run on host ids of their own (decision 5). */
export async function givesUserNamespaces(): Promise<boolean> {
  return run('unshare', ['--user', 'true']).then(
    () => true,
    () => false,
  )
}
