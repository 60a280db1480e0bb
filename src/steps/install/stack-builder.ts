import { join } from 'node:path'
import * as files from '../../host/files.ts'
import { oneAtATime } from '../../host/one-at-a-time.ts'
import type { StoredLayer } from '../../image/index.ts'
import type { LayerStep } from './layer-step.ts'
import { makeLayer, rehearseLayer } from './make-layer.ts'
import type { Workshop } from './workshop.ts'

/** Provides layers out of the store, and builds those that are not there, each on the ones below it. */
export class StackBuilder {
  readonly #workshop: Workshop
  readonly #provided = new Map<string, StoredLayer>()
  /** Directories by key. */
  readonly #rehearsed = new Map<string, string>()
  #scratch: string | undefined

  constructor(workshop: Workshop) {
    this.#workshop = workshop
  }

  async provide(step: LayerStep, below: readonly LayerStep[]): Promise<StoredLayer> {
    const known = this.#provided.get(step.key)
    if (known) return known
    const { layer, reused } = await oneAtATime(`${this.#workshop.instance.home} ${step.key}`, () =>
      this.#findOrMake(step, below),
    )
    this.#provided.set(step.key, layer)
    const { diffId: digest, bytes } = layer
    this.#workshop.emit({ kind: 'layer', title: step.title, digest, bytes, reused })
    return layer
  }

  /**
   * Carries a step out whose layer nobody will have: it is kept until `close()`, unpacked, for the steps above it.
   */
  async rehearse(step: LayerStep, below: readonly LayerStep[]): Promise<void> {
    if (this.#rehearsed.has(step.key)) return
    this.#workshop.signal.throwIfAborted()
    this.#scratch ??= this.#workshop.store.blobs.temporaryPath('build')
    await files.mkdir(this.#scratch, { recursive: true })
    const directory = join(this.#scratch, String(this.#rehearsed.size))
    await rehearseLayer(this.#workshop, step, { below: await this.directories(below), directory })
    this.#rehearsed.set(step.key, directory)
  }

  /** Removes what was rehearsed. */
  async close(): Promise<void> {
    if (this.#scratch !== undefined) await files.removeTree(this.#scratch)
    this.#rehearsed.clear()
  }

  /** The unpacked directories of steps, which are built when they are not there. */
  async directories(steps: readonly LayerStep[]): Promise<string[]> {
    const found: string[] = []
    for (const [index, step] of steps.entries()) found.push(await this.#directoryOf(step, steps.slice(0, index)))
    return found
  }

  async #directoryOf(step: LayerStep, below: readonly LayerStep[]): Promise<string> {
    const rehearsed = this.#rehearsed.get(step.key)
    if (rehearsed !== undefined) return rehearsed
    const { diffId } = await this.provide(step, below)
    const [directory = ''] = await this.#workshop.store.layerDirectories({ layers: [diffId] })
    return directory
  }

  async #findOrMake(step: LayerStep, below: readonly LayerStep[]): Promise<{ layer: StoredLayer; reused: boolean }> {
    const { store, signal } = this.#workshop
    signal.throwIfAborted()
    const record = await store.cache.layer(step.key)
    if (record && (await store.layers.has(record.diffId))) return { layer: record, reused: true }
    const needed = step.standsOn.length === 0 ? [] : below
    const layer = step.made ?? (await makeLayer(this.#workshop, step, await this.directories(needed)))
    const { title, standsOn, answers } = step
    await store.cache.rememberLayer(step.key, { ...layer, title, standsOn, answers })
    return { layer, reused: false }
  }
}
