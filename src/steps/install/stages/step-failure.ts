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

/**
 * The failure of a build with a lock: a package manager says that there is no such version, and means in the lock.
 * @param file The lock.
 */
export function asLocked(error: unknown, file: string): unknown {
  if (!(error instanceof Problem) || error.code !== 'build-failed') return error
  const message = `${error.text.message}, with nothing at hand but what ${file} names`
  const fix = 'If the source asks for something else now, run `berth lock`; if not, mend what the last lines name'
  return new Problem(error.definition, { ...error.text, message, fix }, { cause: error })
}

/** The failure of a build with a lock that was recorded a moment ago: no other lock would do. */
export function asUnrepeatable(error: unknown): unknown {
  if (!(error instanceof Problem) || !['not-locked', 'build-failed'].includes(error.code)) return error
  const { message, at, lines = [] } = error.text
  return notRepeatable({ message, at, lines }, { cause: error })
}
