import type { ProblemEvent } from '../model/events.ts'

/** Exit codes that scripts may rely on; 75 is EX_TEMPFAIL of sysexits.h, 130 is 128 + SIGINT. */
export const exitCodes = { problem: 1, usage: 2, temporary: 75, interrupted: 130 } as const

export function problemExitCode({ code, temporary }: Pick<ProblemEvent, 'code' | 'temporary'>): number {
  if (code === 'usage' || code === 'confirmation-needed') return exitCodes.usage
  return temporary ? exitCodes.temporary : exitCodes.problem
}
