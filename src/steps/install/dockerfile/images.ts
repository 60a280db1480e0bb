import type { Origin } from './action.ts'
import { neededStages } from './needed-stages.ts'
import { originsOf } from './origin.ts'
import type { DockerfilePlan } from './plan-data.ts'
import { reported } from './source.ts'
import { readTriggers } from './triggers.ts'

export type ImageOrigin = Extract<Origin, { kind: 'image' }>

/** The images that the needed stages stand on or take files from, each once. */
export function imagesOf(plan: DockerfilePlan): ImageOrigin[] {
  const origins = plan.needed.flatMap((index) => {
    const stage = plan.stages[index]
    if (!stage) return []
    const taken = stage.instructions.flatMap((instruction) =>
      reported(plan.file.source, instruction.line, () => originsOf(instruction, plan)),
    )
    return [stage.base, ...taken]
  })
  const images = origins.filter((origin) => origin.kind === 'image')
  return [...new Map(images.map((image) => [`${image.reference} ${image.platform}`, image])).values()]
}

/**
 * Puts the triggers of an image (`OnBuild` of its configuration) into a stage that stands on it. To be called once a
 * stage. They may need further stages, and so further images.
 * @throws dockerfile-trigger, dockerfile-stage
 */
export function withTriggers(plan: DockerfilePlan, index: number, onBuild: readonly string[]): DockerfilePlan {
  const { source } = plan.file
  const stages = plan.stages.map((stage) => {
    if (stage.index !== index) return stage
    return { ...stage, instructions: [...readTriggers(source, stage.line, onBuild), ...stage.instructions] }
  })
  const changed = { ...plan, stages }
  return { ...changed, needed: neededStages(changed) }
}
