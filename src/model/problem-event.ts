import type { ProblemEvent } from './events.ts'
import type { Problem } from './problem.ts'

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
