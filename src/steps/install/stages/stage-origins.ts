import { join } from 'node:path'
import * as files from '../../../host/files.ts'
import { mountLayers, unmountBelow } from '../../../host/mounts.ts'
import { keyOf } from '../../../image/index.ts'
import type { Action, Origin } from '../dockerfile/index.ts'
import type { LayerStep } from '../layer-step.ts'
import type { StackBuilder } from '../stack-builder.ts'
import type { BuildContext } from './build-context.ts'
import type { CopyOrigin } from './make-copy.ts'
import { originTree } from './origin-tree.ts'

/** What an action takes files from, beside the image that it stands on. */
export function originsIn(action: Action): Origin[] {
  if (action.kind === 'copy') return action.sources.flatMap((source) => (source.kind === 'files' ? [source.from] : []))
  if (action.kind !== 'run') return []
  return action.mounts.flatMap((mount) => (mount.kind === 'bind' || mount.kind === 'cache' ? [mount.from] : []))
}

interface Surroundings {
  readonly builder: StackBuilder
  readonly tree: BuildContext
  /** Its own; gone after `close()`. */
  readonly directory: string
  /** The time that files of the build context have. */
  readonly time: () => number
  /** Layers of an origin. */
  readonly stepsOf: (origin: Origin) => readonly LayerStep[]
}

/** The build context, stages and images as trees of files to take from; each is made once, when it is wanted. */
export class StageOrigins {
  readonly #around: Surroundings
  readonly #made = new Map<string, Promise<string>>()

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** An origin as one tree. */
  directoryOf(origin: Origin): Promise<string> {
    const name = keyOf(origin)
    const known = this.#made.get(name)
    if (known) return known
    const made = this.#make(origin, join(this.#around.directory, name))
    this.#made.set(name, made)
    return made
  }

  async originOf(origin: Origin): Promise<CopyOrigin> {
    if (origin.kind === 'context') return this.#around.tree
    const directory = await this.directoryOf(origin)
    return { directory, entries: await originTree(directory) }
  }

  async close(): Promise<void> {
    await unmountBelow(this.#around.directory)
    await files.removeTree(this.#around.directory)
  }

  async #make(origin: Origin, target: string): Promise<string> {
    const { tree, builder, time } = this.#around
    await files.mkdir(this.#around.directory, { recursive: true })
    // Whoever sees a directory sees all of it, so what is ignored must not be in it.
    if (origin.kind === 'context') return tree.copyTo(target, time())
    const layers = await builder.directories(this.#around.stepsOf(origin))
    const links = `${target}-layers`
    const empty = `${target}-empty`
    await files.mkdir(empty)
    if (layers.length === 0) return empty
    await files.mkdir(links)
    // An overlay needs two of them at least.
    await mountLayers([empty, ...layers], target, links)
    return target
  }
}
