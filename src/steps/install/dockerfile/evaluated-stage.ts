import type { Action } from './action.ts'
import type { HistoryEntry, ImageConfig } from './image-config.ts'
import type { Note } from './notes.ts'

/** What a stage stands on: the configuration of its image, or the stage below as it was evaluated. */
export type StageStart =
  | { readonly kind: 'image'; readonly config: ImageConfig }
  | { readonly kind: 'stage'; readonly stage: EvaluatedStage }
  | { readonly kind: 'scratch' }

/** A stage with all variables put in. Plain data. */
export interface EvaluatedStage {
  readonly index: number
  /** What is to be done, in this order, each on top of the one before. */
  readonly steps: readonly Step[]
  /** The configuration of the image that the stage is, after all steps. */
  readonly config: ImageConfig
  /** From `MAINTAINER`. */
  readonly author?: string
  /** Of this stage's instructions, in their order; what is below has its own. */
  readonly history: readonly HistoryEntry[]
  readonly notes: readonly Note[]
  /** What stages that stand on this one go on with. */
  readonly inherited: Inherited
}

export interface Inherited {
  /** `ENV` and `ARG`. */
  readonly variables: Readonly<Record<string, string>>
  /** Names of `ARG`s, in the order of their declaration, with those that have no value. */
  readonly declared: readonly string[]
  readonly hasWorkdir: boolean
}

export interface Step {
  readonly action: Action
  /** The instruction as it is written, on one line, to be shown. */
  readonly title: string
  /** Where it stands in the Dockerfile. */
  readonly line: number
}
