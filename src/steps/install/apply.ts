import { oneAtATime } from '../../host/one-at-a-time.ts'
import { ImageStore, protectBuild, type StoredLayer } from '../../image/index.ts'
import type { Image, InstallPlan } from '../../model/plan.ts'
import { buildAborted } from '../../model/problems/install.ts'
import { askAnswers } from './answers.ts'
import { makeLayer } from './make-layer.ts'
import { explainWantOfRoom } from './room.ts'
import { resolveSteps, type LayerStep } from './layer-steps.ts'
import type { InstallContext, Workshop } from './workshop.ts'

/**
 * Carries an install plan out. Layers that were built before, for this application or another, are reused; nothing is
 * asked of the network when nothing has changed.
 * @throws Problem when a build fails, something cannot be fetched, or `signal` aborts. Nothing half-made is left.
 */
export async function applyInstall(plan: InstallPlan, context: InstallContext): Promise<Image> {
  const workshop: Workshop = { ...context, store: new ImageStore(context.instance), suite: plan.suite }
  const release = protectBuild(context.instance.home)
  try {
    await workshop.store.blobs.prepare()
    const builder = new StackBuilder(workshop)
    const steps = await resolveSteps(
      plan,
      context,
      askAnswers(workshop, (below) => builder.directories(below)),
    )
    const layers: StoredLayer[] = []
    for (const [index, step] of steps.entries()) {
      if (step.keep) layers.push(await builder.provide(step, steps.slice(0, index)))
    }
    return await workshop.store.writeImage(layers, plan.config, Math.max(...steps.map(({ epoch }) => epoch)))
  } catch (error) {
    if (context.signal.aborted) throw buildAborted({ title: 'the image' }, { cause: error })
    throw await explainWantOfRoom(error, context.instance.home)
  } finally {
    release()
  }
}

/** Provides layers out of the store, and builds those that are not there, each on the ones below it. */
class StackBuilder {
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
    this.#workshop.emit({ kind: 'layer', title: step.title, digest, bytes, reused })
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
    const layer = await makeLayer(this.#workshop, step, await this.directories(needed))
    const { title, standsOn, answers } = step
    await store.cache.rememberLayer(step.key, { ...layer, title, standsOn, answers })
    return { layer, reused: false }
  }
}
