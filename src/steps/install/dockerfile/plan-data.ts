import type { Origin } from './action.ts'
import type { Dockerfile } from './dockerfile.ts'
import type { Instruction } from './instruction.ts'
import type { Note } from './notes.ts'
import type { LogicalLine } from './source.ts'

/**
 * How an image is made from a Dockerfile, as plain data.
 *
 * Whoever carries it out
 * 1. resolves `imagesOf(plan)`, and calls `withTriggers()` for each stage on an image whose configuration has `OnBuild`,
 *    until there is no image left that is not resolved;
 * 2. calls `evaluateStage()` for each of `needed`, in that order, with what the stage stands on, and carries out the
 *    actions that come back;
 * 3. has the image in the stage `target`: its files, and the configuration that was evaluated.
 */
export interface DockerfilePlan {
  readonly file: Dockerfile
  readonly buildArgs: Readonly<Record<string, string>>
  /** Variables before the first `FROM`: those that are always there, and its `ARG`s. */
  readonly globals: Readonly<Record<string, string>>
  readonly platform: string
  /** All of the file; `needed` says which of them are to be made. */
  readonly stages: readonly Stage[]
  /** Indexes of stages; each stands after all that it needs. */
  readonly needed: readonly number[]
  readonly target: number
  readonly notes: readonly Note[]
}

export interface Stage {
  readonly index: number
  readonly name?: string
  readonly platform: string
  readonly base: StageBase
  /** The `FROM`. */
  readonly line: LogicalLine
  /** Triggers of the stage below come first. */
  readonly instructions: readonly Instruction[]
}

export type StageBase = Exclude<Origin, { kind: 'context' }>
