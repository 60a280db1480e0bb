import { hasCode } from '../host/files.ts'
import { CommandFailed } from '../host/command.ts'
import { messageOf, Problem } from '../model/problem.ts'
import { deployCancelled, diskFull, internalError } from '../model/problems/deploy.ts'
import { withoutUserinfo } from '../model/secret.ts'

export interface FailureContext {
  /** What was being done, such as `deploy`. */
  readonly action: string
  readonly signal?: AbortSignal | undefined
  /** Where the daemon's log is, for errors that nobody foresaw. */
  readonly log: string
}

/** Makes every failure one that an operator can act on. What is not known is a bug, and says so. */
export function problemOf(error: unknown, { action, signal, log }: FailureContext): Problem {
  if (error instanceof Problem) return error
  if (signal?.aborted) return deployCancelled({ action }, { cause: error })
  if (isDiskFull(error)) return diskFull({ where: pathOf(error) }, { cause: error })
  const reason = messageOf(error)
  return internalError({ reason: withoutUserinfo(reason.split('\n')[0] ?? ''), log }, { cause: error })
}

function isDiskFull(error: unknown): boolean {
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) return true
  if (error instanceof CommandFailed) return /No space left on device/.test(error.stderr)
  // SQLITE_FULL (sqlite.org/rescode.html)
  if (error instanceof Error && 'errcode' in error && error.errcode === 13) return true
  return error instanceof Error && error.cause !== undefined && isDiskFull(error.cause)
}

function pathOf(error: unknown): string {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : 'a file of berth'
}
