import { oneAtATime } from '../../host/one-at-a-time.ts'
import type { StoredLayer } from '../../image/index.ts'
import type { LayerStep } from './layer-step.ts'
import { makeLayer } from './make-layer.ts'
import type { Workshop } from './workshop.ts'

/** Provides layers out of the store, and builds those that are not there, each on the ones below it. */
export class StackBuilder {
  readonly #workshop: Workshop
  readonly #provided = new Map<string, StoredLayer>()

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
    if (step.isRehearsal !== true) {
      this.#workshop.emit({ kind: 'layer', title: step.title, digest, bytes, reused })
    }
    return layer
  }

  /** The unpacked directories of steps, which are built when they are not there. */
  async directories(steps: readonly LayerStep[]): Promise<string[]> {
    const layers: StoredLayer[] = []
    for (const [index, step] of steps.entries()) layers.push(await this.provide(step, steps.slice(0, index)))
    return this.#workshop.store.layerDirectories({ layers: layers.map(({ diffId }) => diffId) })
  }

  async #findOrMake(step: LayerStep, below: readonly LayerStep[]): Promise<{ layer: StoredLayer; reused: boolean }> {
    const { store, signal } = this.#workshop
    signal.throwIfAborted()
    const record = await store.cache.layer(step.key)
    if (record && (await store.layers.has(record.diffId))) return { layer: record, reused: true }
    const needed = step.standsOn.length === 0 ? [] : below
    const layer = step.made ?? (await makeLayer(this.#workshop, step, await this.directories(needed)))
    const { title, standsOn, answers } = step
    if (step.isRehearsal !== true) await store.cache.rememberLayer(step.key, { ...layer, title, standsOn, answers })
    return { layer, reused: false }
  }
}
