import type { ProblemEvent } from './events.ts'
import { Problem } from './problem.ts'

/** The event that tells of a problem: to clients, to scripts and to the journal. */
export function eventOf({ code, definition, text: { message, fix, at, lines } }: Problem): ProblemEvent {
  return {
    kind: 'problem',
    code,
    message,
    fix,
    ...(at === undefined ? {} : { at }),
    ...(lines === undefined ? {} : { lines }),
    temporary: definition.temporary,
  }
}

/** A problem that another process met, as if it had been met here. */
export function problemFrom({ code, message, fix, at, lines, temporary }: ProblemEvent): Problem {
  return new Problem(
    { code, explain: '', temporary },
    { message, fix, ...(at === undefined ? {} : { at }), ...(lines === undefined ? {} : { lines }) },
  )
}
