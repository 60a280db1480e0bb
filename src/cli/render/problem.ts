import type { ProblemEvent } from '../../model/events.ts'
import type { Paint } from './paint.ts'
import { safeText } from './safe-text.ts'

/** An error as a small help page: what failed, the evidence, where to look, what to do, where to read more. */
export function renderProblem({ code, message, fix, at, lines }: ProblemEvent, paint: Paint): string {
  return [
    `${paint.bad(`error[${code}]:`)} ${paint.strong(safeText(message))}`,
    ...(lines ?? []).map((line) => `    ${paint.faint(`| ${safeText(line)}`)}`),
    ...(at === undefined ? [] : [`   at: ${safeText(at)}`]),
    `  fix: ${safeText(fix)}`,
    ` more: berth explain ${code}`,
  ].join('\n')
}

/** An error that is berth's own fault. */
export function renderBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `bug: berth did not expect this. Please report it, with what follows:\n${safeText(stack)}`
}
