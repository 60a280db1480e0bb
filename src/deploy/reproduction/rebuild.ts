import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandFailed, runCommand } from '../../host/command.ts'
import { hasCode, mkdir, mkdtemp, readdir, removeTree } from '../../host/files.ts'
import { readChunks } from '../../host/hashing-file.ts'
import { pathsOf, type Instance } from '../../host/instance.ts'
import { unmountBelow } from '../../host/mounts.ts'
import { BlobStore } from '../../image/index.ts'
import { cleanBuilds } from '../../isolation/build/debris.ts'
import type { Emit, ProblemEvent } from '../../model/events.ts'
import { digestOf, type Lock } from '../../model/lock.ts'
import { renderLock } from '../../model/lock-file.ts'
import type { Image } from '../../model/plan.ts'
import { problemFrom } from '../../model/problem-event.ts'
import type { Berth } from '../berth.ts'
import type { RebuildLine, RebuildOrder } from './order.ts'
import type { Surroundings } from './surroundings.ts'

/** A second berth, empty and for one build only, somewhere else on this host. Disposing of it leaves nothing. */
export class Elsewhere implements AsyncDisposable {
  readonly instance: Instance
  readonly #outer: string
  readonly #prefix: Surroundings

  private constructor(instance: Instance, outer: string, surroundings: Surroundings) {
    this.instance = instance
    this.#outer = outer
    this.#prefix = surroundings
  }

  static async make({ instance, paths }: Berth, surroundings: Surroundings): Promise<Elsewhere> {
    await mkdir(paths.temporary, { recursive: true, mode: 0o711 })
    const outer = await mkdtemp(join(paths.temporary, 'reproduction-'))
    const run = join(reproductionsOf(instance), basename(outer))
    const elsewhere = new Elsewhere({ ...instance, home: join(outer, 'quite/another/place'), run }, outer, surroundings)
    try {
      await elsewhere.#makeRoom(surroundings.memory)
      return elsewhere
    } catch (error) {
      await elsewhere[Symbol.asyncDispose]()
      throw error
    }
  }

  async #makeRoom(memory: number | undefined): Promise<void> {
    if (memory !== undefined) {
      const options = `size=${memory},mode=0711,nosuid,nodev`
      await runCommand(['mount', '-t', 'tmpfs', '-o', options, this.instance.name, this.#outer])
    }
    for (const path of [this.instance.home, this.instance.run]) await mkdir(path, { recursive: true })
  }

  /** Brings in the downloads of a lock that are at hand, each checked; the others will be fetched. */
  async bring(lock: Lock, from: BlobStore): Promise<void> {
    const blobs = new BlobStore(this.instance)
    for (const digest of new Set(lock.artifacts.map(digestOf))) {
      if (!(await from.isIntact(digest))) continue
      await blobs.add(
        async (output) => {
          for await (const chunk of readChunks(from.path(digest))) await output.write(chunk)
        },
        (found) => {
          if (found !== digest) throw new Error(`${digest} changed while it was copied`)
        },
      )
    }
  }

  /**
   * Builds an image in a process of its own.
   * @throws the problem of the build; Error when the process ended without a word
   */
  async build(order: Omit<RebuildOrder, 'home' | 'run' | 'name' | 'lock'>, lock: Lock, work: Work): Promise<Image> {
    const { home, run, name } = this.instance
    const input: RebuildOrder = { ...order, home, run, name, lock: renderLock(lock) }
    const lines = new LineReader(work.emit)
    try {
      await runCommand([...this.#prefix.prefix, process.execPath, ...process.execArgv, program], {
        env: { ...inherited(), ...this.#prefix.environment },
        input: JSON.stringify(input),
        signal: work.signal,
        timeoutSeconds: secondsAtMost,
        keepLast: 16 * 1024,
        onLine: (line, stream) => {
          if (stream === 'stdout') lines.take(line)
        },
      })
    } catch (error) {
      work.signal.throwIfAborted()
      if (!(error instanceof CommandFailed) || !lines.problem) throw error
    }
    return lines.result()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await cleanBuilds(this.instance)
    await unmountBelow(this.#outer)
    for (const path of [this.#outer, this.instance.run]) await removeTree(path)
  }
}

interface Work {
  readonly emit: Emit
  readonly signal: AbortSignal
}

const secondsAtMost = 3 * 60 * 60

/** Beside this file, whether that is TypeScript or what was made of it. */
const program = fileURLToPath(new URL(`rebuild-process${extname(import.meta.filename)}`, import.meta.url))

/** How the outside is reached is no part of a build, and the compiled cache none of its result. */
function inherited(): Record<string, string> {
  const kept = /^(https?_proxy|no_proxy|all_proxy|SSL_CERT_(FILE|DIR)|NODE_COMPILE_CACHE|BERTH_.*)$/i
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && kept.test(name) ? [[name, value] as const] : [],
    ),
  )
}

class LineReader {
  readonly #emit: Emit
  #image: Image | undefined
  problem: ProblemEvent | undefined

  constructor(emit: Emit) {
    this.#emit = emit
  }

  take(text: string): void {
    const line = JSON.parse(text) as RebuildLine // our own program's
    switch (line.kind) {
      case 'event':
        this.#emit(line.event)
        return
      case 'image':
        this.#image = line.image
        return
      case 'problem':
        this.problem = line.problem
        return
      default:
        return line satisfies never
    }
  }

  result(): Image {
    if (this.problem) throw problemFrom(this.problem)
    if (!this.#image) throw new Error('the process that builds again ended without a word')
    return this.#image
  }
}

function reproductionsOf({ run }: Pick<Instance, 'run'>): string {
  return join(run, 'reproductions')
}

/** Removes what the rebuilds of a daemon that died have left. To be called when none goes on. */
export async function cleanReproductions(instance: Instance): Promise<void> {
  const folder = reproductionsOf(instance)
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  for (const name of names) await cleanBuilds({ ...instance, run: join(folder, name) })
  await unmountBelow(pathsOf(instance).temporary)
  await removeTree(folder)
}
