import { setTimeout as sleep } from 'node:timers/promises'
import { probe, type ProbeAnswer } from '../../host/probe.ts'
import type { Exit } from '../../model/sandbox.ts'

/** Milliseconds for one answer. The last check gets its second too: what it hears is what the operator is told. */
const patience = { least: 1000, most: 5000 } as const

export interface HealthCheck {
  readonly address: string
  readonly port: number
  readonly path: string
  /** Sent as the Host header: frameworks refuse hosts they do not know. */
  readonly host: string
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
const pauses = { shortest: 5, longest: 250, share: 1 / 20 } as const

/**
 * Asks from outside until the application answers 200 to 399, ends, or its time is up.
 * @param ended resolves when the sandbox ends by itself
 */
export async function awaitHealthy(
  check: HealthCheck,
  ended: Promise<Exit>,
  signal: AbortSignal,
): Promise<HealthOutcome> {
  const begun = performance.now()
  const seconds = () => (performance.now() - begun) / 1000
  let exit: Exit | undefined
  void ended.then((value) => (exit = value))
  let answer: ProbeAnswer = { kind: 'silence', reason: 'was never asked' }
  while (seconds() < check.timeoutSeconds) {
    signal.throwIfAborted()
    if (exit) return { kind: 'ended', exit, seconds: seconds() }
    const left = check.timeoutSeconds * 1000 - seconds() * 1000
    answer = await probe(check, Math.max(patience.least, Math.min(patience.most, left)))
    if (isHealthy(answer)) return { kind: 'healthy', seconds: seconds() }
    await Promise.race([sleep(pauseAfter(seconds() * 1000)), ended])
  }
  return exit
    ? { kind: 'ended', exit, seconds: seconds() }
    : { kind: 'unhealthy', answer: describeAnswer(answer), seconds: seconds() }
}

function pauseAfter(milliseconds: number): number {
  return Math.min(pauses.longest, Math.max(pauses.shortest, milliseconds * pauses.share))
}

function isHealthy(answer: ProbeAnswer): boolean {
  return answer.kind === 'status' && answer.status >= 200 && answer.status < 400
}

function describeAnswer(answer: ProbeAnswer): string {
  return answer.kind === 'status' ? `answered ${answer.status}` : `did not answer: ${answer.reason}`
}
