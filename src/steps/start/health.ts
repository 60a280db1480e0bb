import { setTimeout as sleep } from 'node:timers/promises'
import type { Exit } from '../../model/sandbox.ts'
import { askHealth, type HealthQuestion } from './ask-health.ts'

/** What time means to who asks, in milliseconds; tests have another one. */
export interface Pace {
  /** For one answer. The last check gets its second too: what it hears is what the operator is told. */
  readonly patience: { readonly least: number; readonly most: number }
  readonly now: () => number
}
const usualPace: Pace = { patience: { least: 1000, most: 5000 }, now: () => performance.now() }

export interface HealthCheck extends HealthQuestion {
  readonly timeoutSeconds: number
}

export type HealthOutcome =
  | { kind: 'healthy'; seconds: number }
  | { kind: 'ended'; exit: Exit; seconds: number }
  | { kind: 'unhealthy'; answer: string; seconds: number }

/**
 * Milliseconds between two checks: a twentieth of the time that it has taken so far, so that an application that starts
 * quickly is seen quickly, and a slow one is not pestered.
 */
const pauses = { shortest: 5, longest: 250, share: 1 / 20, forCommands: 4 } as const

/**
 * Asks until the application is healthy, ends, or its time is up: from outside, unless its image has a way of its own.
 * @param ended resolves when the sandbox ends by itself
 */
export async function awaitHealthy(
  check: HealthCheck,
  ended: Promise<Exit>,
  signal: AbortSignal,
  { patience, now }: Pace = usualPace,
): Promise<HealthOutcome> {
  const begun = now()
  const seconds = () => (now() - begun) / 1000
  let exit: Exit | undefined
  void ended.then((value) => (exit = value))
  let answer: string | undefined = 'was never asked'
  while (seconds() < check.timeoutSeconds) {
    signal.throwIfAborted()
    if (exit) return { kind: 'ended', exit, seconds: seconds() }
    const left = check.timeoutSeconds * 1000 - seconds() * 1000
    answer = await askHealth(check, Math.max(patience.least, Math.min(patience.most, left)))
    if (answer === undefined) return { kind: 'healthy', seconds: seconds() }
    const pause = pauseAfter(seconds() * 1000) * (check.own?.kind === 'command' ? pauses.forCommands : 1)
    await Promise.race([sleep(pause), ended])
  }
  return exit ? { kind: 'ended', exit, seconds: seconds() } : { kind: 'unhealthy', answer, seconds: seconds() }
}

function pauseAfter(milliseconds: number): number {
  return Math.min(pauses.longest, Math.max(pauses.shortest, milliseconds * pauses.share))
}
