import { keyOf } from '../../../image/index.ts'
import type { Artifact } from '../../../model/lock.ts'
import {
  evaluateStage,
  reportedStep,
  type Action,
  type DockerfilePlan,
  type EvaluatedStage,
  type Note,
  type Origin,
  type StageStart,
  type Step,
} from '../dockerfile/index.ts'
import type { LayerStep } from '../layer-step.ts'
import type { LayerWork } from '../layer-work.ts'
import { recipeVersion } from '../recipe.ts'
import type { StackBuilder } from '../stack-builder.ts'
import type { Workshop } from '../workshop.ts'
import type { BuildContext } from './build-context.ts'
import type { Fetching } from './fetching.ts'
import { makeCopy } from './make-copy.ts'
import { makeDirectory } from './make-directory.ts'
import { makeRun } from './make-run.ts'
import { ResolvedImages } from './resolved-images.ts'
import { originsIn, StageOrigins } from './stage-origins.ts'
import { withLine } from './step-failure.ts'
import { stepTitle } from './step-title.ts'

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
  readonly #images: ResolvedImages
  readonly #built = new Map<number, BuiltStage>()
  readonly #origins: StageOrigins
  #plan: DockerfilePlan

  constructor(workshop: Workshop, builder: StackBuilder, context: StageContext, fetching: Fetching) {
    this.#workshop = workshop
    this.#images = new ResolvedImages(workshop)
    this.#builder = builder
    this.#context = context
    this.#fetching = fetching
    this.#plan = context.plan
    this.#origins = new StageOrigins({
      builder,
      tree: context.tree,
      directory: workshop.store.blobs.temporaryPath('build'),
      time: () => this.time,
      stepsOf: (origin) => this.#stepsOf(origin),
    })
  }

  /** Makes every stage that the target needs. @returns the target. */
  async build(): Promise<BuiltStage> {
    try {
      this.#plan = await this.#images.resolve(this.#plan)
      for (const index of this.#plan.needed) this.#built.set(index, await this.#buildStage(index))
      const target = this.#built.get(this.#plan.target)
      if (!target) throw new Error('the target is not among the stages that it needs')
      return target
    } finally {
      await this.#origins.close()
    }
  }

  /** What a lock has to say of the images. */
  get imageArtifacts(): readonly Artifact[] {
    return this.#images.artifacts
  }

  /** SOURCE_DATE_EPOCH of all steps. */
  get time(): number {
    return this.#images.time
  }

  async #buildStage(index: number): Promise<BuiltStage> {
    const { start, below } = this.#startOf(index)
    const evaluated = evaluateStage(this.#plan, index, start)
    if (!this.#fetching.isRehearsal) this.#tell(evaluated.notes)
    const steps = [...below]
    for (const [done, step] of evaluated.steps.entries()) {
      const title = stepTitle(step.title, this.#nameOf(index))
      const total = evaluated.steps.length
      this.#workshop.emit({ kind: 'progress', step: 'install', what: title, done: done + 1, total, unit: 'steps' })
      steps.push(await this.#carryOut({ ...step, title }, steps))
    }
    return { evaluated, steps }
  }

  #tell(notes: readonly Note[]): void {
    const { path } = this.#plan.file.source
    for (const { line, message } of notes)
      this.#workshop.emit({ kind: 'notice', message: `${path}:${line}: ${message}` })
  }

  /** What a stage is called in titles; nothing when there is no other. */
  #nameOf(index: number): string | undefined {
    return this.#plan.needed.length === 1 ? undefined : this.#plan.stages[index]?.name
  }

  async #carryOut(step: Step, below: readonly LayerStep[]): Promise<LayerStep> {
    try {
      return await reportedStep(this.#plan, step, async () => {
        const layer = await this.#layerStep(step, below)
        await this.#provide(layer, below)
        return layer
      })
    } catch (error) {
      throw withLine(error, `${this.#plan.file.source.path}:${step.line}`)
    }
  }

  async #provide(layer: LayerStep, below: readonly LayerStep[]): Promise<void> {
    if (layer.isRehearsal !== true) {
      await this.#builder.provide(layer, below)
      return
    }
    try {
      await this.#builder.rehearse(layer, below)
    } catch (error) {
      if (this.#fetching.loosen?.(error, layer.title) !== true) throw error
      await this.#builder.rehearse(layer, below)
    }
  }

  #startOf(index: number): { start: StageStart; below: readonly LayerStep[] } {
    const base = this.#plan.stages[index]?.base ?? { kind: 'scratch' }
    switch (base.kind) {
      case 'scratch':
        return { start: { kind: 'scratch' }, below: [] }
      case 'image': {
        const { config, steps } = this.#images.of(base)
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
    const origins = originsIn(action).map((origin) => this.#stepsOf(origin))
    const isPassing = [...below, ...origins.flat()].some((step) => step.isRehearsal === true)
    return {
      key: keyOf({
        recipeVersion,
        kind: 'stage',
        ...{ standsOn, action, time: this.time },
        origins: origins.map((steps) => steps.map(({ key }) => key)),
        context: await this.#context.tree.digestOf(action),
        fetched: fetches ? this.#fetching.key : null,
      }),
      ...{ title, keep: true, epoch: this.time, standsOn, answers: [] },
      isRehearsal: isPassing || (fetches && this.#fetching.isRehearsal),
      inputs: {
        kind: 'stage',
        times: action.kind === 'run' ? 'clamp' : 'set',
        make: (work) => this.#make(work, action),
      },
    }
  }

  async #make(work: LayerWork, action: Action): Promise<void> {
    switch (action.kind) {
      case 'run': {
        const { app, secret } = this.#context
        const sources = { app, secret, directoryOf: (origin: Origin) => this.#origins.directoryOf(origin) }
        const session = this.#fetching.sessionFor()
        this.#fetching.took(await makeRun(work, action, { session, sources }))
        return
      }
      case 'copy': {
        const session = () => this.#fetching.sessionFor()
        const originOf = (origin: Origin) => this.#origins.originOf(origin)
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
    return origin.kind === 'image' ? this.#images.of(origin).steps : []
  }
}

function mayFetch(action: Action): boolean {
  if (action.kind === 'run') return action.network === 'default'
  return action.kind === 'copy' && action.sources.some(({ kind }) => kind === 'url' || kind === 'git')
}
