import type { Artifact } from '../../../model/lock.ts'
import { imagesOf, withTriggers, type DockerfilePlan } from '../dockerfile/index.ts'
import { fixedTime } from '../recipe.ts'
import type { Workshop } from '../workshop.ts'
import type { StageImage } from './stage-image.ts'
import { stageImage } from './stage-images.ts'
import { withLine } from './step-failure.ts'

/** The images that a Dockerfile stands on and takes files from. */
export class ResolvedImages {
  readonly #workshop: Workshop
  readonly #images = new Map<string, StageImage>()

  constructor(workshop: Workshop) {
    this.#workshop = workshop
  }

  /** Finds out what each image is made of. @returns the plan with what images want done first in their stages. */
  async resolve(plan: DockerfilePlan): Promise<DockerfilePlan> {
    const triggered = new Set<number>()
    let changed = plan
    for (;;) {
      await this.#resolveAll(changed)
      const next = this.#nextTriggers(changed, triggered)
      if (!next) return changed
      triggered.add(next.stage)
      // These may need further images.
      changed = withTriggers(changed, next.stage, next.onBuild)
    }
  }

  of({ reference }: { readonly reference: string }): StageImage {
    const image = this.#images.get(reference)
    if (!image) throw new Error(`${reference} has not been resolved`)
    return image
  }

  /** What a lock has to say of them. */
  get artifacts(): readonly Artifact[] {
    return [...this.#images.values()].flatMap(({ artifacts }) => artifacts)
  }

  /** Of the youngest file in any of them; seconds since 1970. */
  get time(): number {
    return Math.max(fixedTime, ...[...this.#images.values()].flatMap(({ steps }) => steps.map(({ epoch }) => epoch)))
  }

  async #resolveAll(plan: DockerfilePlan): Promise<void> {
    for (const image of imagesOf(plan)) {
      if (this.#images.has(image.reference)) continue
      try {
        this.#images.set(image.reference, await stageImage(this.#workshop, image))
      } catch (error) {
        const line = plan.stages.find(({ base }) => base.kind === 'image' && base.reference === image.reference)?.line
        throw line ? withLine(error, `${plan.file.source.path}:${line.line}`) : error
      }
    }
  }

  #nextTriggers(
    { needed, stages }: DockerfilePlan,
    done: ReadonlySet<number>,
  ): { readonly stage: number; readonly onBuild: readonly string[] } | undefined {
    for (const stage of needed) {
      const base = stages[stage]?.base
      if (done.has(stage) || base?.kind !== 'image') continue
      const { OnBuild: onBuild = [] } = this.of(base).config
      if (onBuild.length > 0) return { stage, onBuild }
    }
    return undefined
  }
}
