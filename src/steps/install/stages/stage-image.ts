import type { Artifact } from '../../../model/lock.ts'
import type { ImageConfig } from '../dockerfile/index.ts'
import type { LayerStep } from '../layer-step.ts'

/** An image that a stage stands on or takes files from, ready to be built upon. */
export interface StageImage {
  readonly steps: readonly LayerStep[]
  readonly config: ImageConfig
  /** What a lock has to say of it. */
  readonly artifacts: readonly Artifact[]
}
