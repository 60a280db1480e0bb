import { Problem } from '../../../model/problem.ts'
import { notRepeatable } from '../../../model/problems/dockerfile-build.ts'

/** Failures that have nothing to do with what a line of the Dockerfile says. */
const elsewhere = new Set(['disk-full', 'build-aborted', 'build-impossible'])

/**
 * The failure of a step, which names the line that it came of.
 * @param at `file:line`
 */
export function withLine(error: unknown, at: string): unknown {
  if (!(error instanceof Problem) || error.text.at !== undefined || elsewhere.has(error.code)) return error
  return new Problem(error.definition, { ...error.text, at }, { cause: error })
}

/** The failure of a build with a lock that was recorded a moment ago: no other lock would do. */
export function asUnrepeatable(error: unknown): unknown {
  if (!(error instanceof Problem) || !['not-locked', 'build-failed'].includes(error.code)) return error
  const { message, at, lines = [] } = error.text
  return notRepeatable({ message, at, lines }, { cause: error })
}
