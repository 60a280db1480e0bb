import { join } from 'node:path'
import * as files from '../../../host/files.ts'
import { mountLayers, unmountBelow } from '../../../host/mounts.ts'
import { keyOf } from '../../../image/index.ts'
import type { Artifact } from '../../../model/lock.ts'
import type { Session } from '../../../proxy/session.ts'
import {
  evaluateStage,
  imagesOf,
  reportedStep,
  withTriggers,
  type Action,
  type DockerfilePlan,
  type EvaluatedStage,
  type Origin,
  type StageStart,
  type Step,
} from '../dockerfile/index.ts'
import type { LayerStep } from '../layer-step.ts'
import type { LayerWork } from '../layer-work.ts'
import { fixedTime, recipeVersion } from '../recipe.ts'
import type { StackBuilder } from '../stack-builder.ts'
import type { Workshop } from '../workshop.ts'
import type { BuildContext } from './build-context.ts'
import { makeCopy, type CopyOrigin } from './make-copy.ts'
import { makeDirectory } from './make-directory.ts'
import { makeRun } from './make-run.ts'
import { originTree } from './origin-tree.ts'
import { stageImage, type StageImage } from './stage-images.ts'

/** How the commands of a Dockerfile get at what they fetch. */
export interface Fetching {
  /** For a command in an image whose packages are those of `suite`. */
  sessionFor(): Session
  /** Part of the key of a layer whose command may fetch something. */
  readonly key: unknown
  took(artifacts: readonly Artifact[]): void
}

/** What is not in the Dockerfile. */
export interface StageContext {
  readonly app: string
  readonly plan: DockerfilePlan
  readonly secret: (id: string) => Promise<string | undefined>
  readonly tree: BuildContext
}

interface BuiltStage {
  readonly evaluated: EvaluatedStage
  readonly steps: readonly LayerStep[]
}

/** Carries out the stages of a Dockerfile, each step of which is a layer. */
export class StageBuilder {
  readonly #workshop: Workshop
  readonly #builder: StackBuilder
  readonly #context: StageContext
  readonly #fetching: Fetching
  readonly #images = new Map<string, StageImage>()
  readonly #built = new Map<number, BuiltStage>()
  readonly #mounted = new Map<string, Promise<string>>()
  readonly #directory: string
  #plan: DockerfilePlan

  constructor(workshop: Workshop, builder: StackBuilder, context: StageContext, fetching: Fetching) {
    this.#workshop = workshop
    this.#builder = builder
    this.#context = context
    this.#fetching = fetching
    this.#plan = context.plan
    this.#directory = workshop.store.blobs.temporaryPath('build')
  }

  /** Makes every stage that the target needs. @returns the target. */
  async build(): Promise<BuiltStage> {
    try {
      await files.mkdir(this.#directory, { recursive: true })
      await this.#resolveImages()
      for (const index of this.#plan.needed) this.#built.set(index, await this.#buildStage(index))
      const target = this.#built.get(this.#plan.target)
      if (!target) throw new Error('the target is not among the stages that it needs')
      return target
    } finally {
      await unmountBelow(this.#directory)
      await files.removeTree(this.#directory)
    }
  }

  /** What a lock has to say of the images. */
  get imageArtifacts(): readonly Artifact[] {
    return [...this.#images.values()].flatMap(({ artifacts }) => artifacts)
  }

  /** The youngest file of any image: SOURCE_DATE_EPOCH of all steps. */
  get time(): number {
    return Math.max(fixedTime, ...[...this.#images.values()].flatMap(({ steps }) => steps.map(({ epoch }) => epoch)))
  }

  /** Triggers of an image may need further images. */
  async #resolveImages(): Promise<void> {
    const triggered = new Set<number>()
    for (;;) {
      const unknown = imagesOf(this.#plan).filter(({ reference }) => !this.#images.has(reference))
      for (const image of unknown) this.#images.set(image.reference, await stageImage(this.#workshop, image))
      const stage = this.#plan.needed.find((index) => {
        const base = this.#plan.stages[index]?.base
        return !triggered.has(index) && base?.kind === 'image' && (this.#imageOf(base).config.OnBuild ?? []).length > 0
      })
      if (unknown.length === 0 && stage === undefined) return
      if (stage === undefined) continue
      triggered.add(stage)
      const base = this.#plan.stages[stage]?.base
      if (base?.kind === 'image') this.#plan = withTriggers(this.#plan, stage, this.#imageOf(base).config.OnBuild ?? [])
    }
  }

  #imageOf({ reference }: { reference: string }): StageImage {
    const image = this.#images.get(reference)
    if (!image) throw new Error(`${reference} has not been resolved`)
    return image
  }

  async #buildStage(index: number): Promise<BuiltStage> {
    const { start, below } = this.#startOf(index)
    const evaluated = evaluateStage(this.#plan, index, start)
    for (const { message } of evaluated.notes) this.#workshop.emit({ kind: 'notice', message })
    const steps = [...below]
    for (const step of evaluated.steps) {
      await reportedStep(this.#plan, step, async () => {
        const layer = await this.#layerStep(step, steps)
        await this.#builder.provide(layer, steps)
        steps.push(layer)
      })
    }
    return { evaluated, steps }
  }

  #startOf(index: number): { start: StageStart; below: readonly LayerStep[] } {
    const base = this.#plan.stages[index]?.base ?? { kind: 'scratch' }
    switch (base.kind) {
      case 'scratch':
        return { start: { kind: 'scratch' }, below: [] }
      case 'image': {
        const { config, steps } = this.#imageOf(base)
        return { start: { kind: 'image', config }, below: steps }
      }
      case 'stage': {
        const { evaluated, steps } = this.#stageAt(base.index)
        return { start: { kind: 'stage', stage: evaluated }, below: steps }
      }
    }
  }

  #stageAt(index: number): BuiltStage {
    const built = this.#built.get(index)
    if (!built) throw new Error(`stage ${index} is needed before it is made`)
    return built
  }

  async #layerStep({ action, title }: Step, below: readonly LayerStep[]): Promise<LayerStep> {
    const standsOn = below.map(({ key }) => key)
    const fetches = mayFetch(action)
    return {
      key: keyOf({
        recipeVersion,
        kind: 'stage',
        ...{ standsOn, action, time: this.time },
        origins: originsIn(action).map((origin) => this.#stepsOf(origin).map(({ key }) => key)),
        context: await this.#context.tree.digestOf(action),
        fetched: fetches ? this.#fetching.key : null,
      }),
      ...{ title, keep: true, epoch: this.time, standsOn, answers: [] },
      inputs: {
        kind: 'stage',
        times: action.kind === 'run' ? 'clamp' : 'set',
        make: (work) => this.#make(work, action),
      },
    }
  }

  async #make(work: LayerWork, action: Action): Promise<void> {
    const directoryOf = (origin: Origin) => this.#directoryOf(origin)
    const originOf = (origin: Origin) => this.#originOf(origin)
    switch (action.kind) {
      case 'run': {
        const { app, secret } = this.#context
        const sources = { app, secret, directoryOf }
        const session = this.#fetching.sessionFor()
        this.#fetching.took(await makeRun(work, action, { session, sources }))
        return
      }
      case 'copy': {
        const session = this.#fetching.sessionFor()
        this.#fetching.took(await makeCopy(work, action, { session, originOf }))
        return
      }
      case 'directory':
        return makeDirectory(work, action)
    }
  }

  /** Layers of an origin; the build context has none. */
  #stepsOf(origin: Origin): readonly LayerStep[] {
    if (origin.kind === 'stage') return this.#stageAt(origin.index).steps
    return origin.kind === 'image' ? this.#imageOf(origin).steps : []
  }

  /** An origin as one tree. */
  async #directoryOf(origin: Origin): Promise<string> {
    if (origin.kind === 'context') return this.#workshop.treeDir
    const name = keyOf(origin)
    const known = this.#mounted.get(name)
    if (known) return known
    const mounted = this.#mount(join(this.#directory, name), this.#stepsOf(origin))
    this.#mounted.set(name, mounted)
    return mounted
  }

  async #originOf(origin: Origin): Promise<CopyOrigin> {
    if (origin.kind === 'context') return this.#context.tree
    const directory = await this.#directoryOf(origin)
    return { directory, entries: await originTree(directory) }
  }

  async #mount(target: string, steps: readonly LayerStep[]): Promise<string> {
    const layers = await this.#builder.directories(steps)
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

function mayFetch(action: Action): boolean {
  if (action.kind === 'run') return action.network === 'default'
  return action.kind === 'copy' && action.sources.some(({ kind }) => kind === 'url' || kind === 'git')
}

function originsIn(action: Action): Origin[] {
  if (action.kind === 'copy') return action.sources.flatMap((source) => (source.kind === 'files' ? [source.from] : []))
  if (action.kind !== 'run') return []
  return action.mounts.flatMap((mount) => (mount.kind === 'bind' || mount.kind === 'cache' ? [mount.from] : []))
}
