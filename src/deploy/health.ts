import { Problem } from '../model/problem.ts'
import type { Release } from '../model/release.ts'
import { describeExit } from '../model/sandbox.ts'
import type { HealthCheck } from '../steps/start/health.ts'
import type { Berth } from './berth.ts'
import { localName } from './routing.ts'

/** How much of what a check prints is shown. */
const shownCharacters = 500

/** The health check of a sandbox, at `address`. */
export function healthCheckFor(
  berth: Berth,
  { run, app }: Release,
  { id, address, signal }: { readonly id: string; readonly address: string; readonly signal: AbortSignal },
): HealthCheck {
  return {
    ...{ address, port: run.port, host: localName(app), ...run.health },
    run: (argv, timeoutSeconds) => checkInside(berth, { id, argv, timeoutSeconds, signal }),
  }
}

interface InsideCheck {
  readonly id: string
  readonly argv: readonly string[]
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

async function checkInside({ isolator }: Berth, check: InsideCheck): Promise<string | undefined> {
  const { id, argv, timeoutSeconds, signal } = check
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000)
  let said = ''
  const listen = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-shownCharacters))
  try {
    const io = { stdout: listen, stderr: listen }
    const exit = await isolator.exec(id, argv, io, AbortSignal.any([signal, timeout]))
    signal.throwIfAborted()
    if (timeout.aborted) return `it took longer than ${timeoutSeconds} s`
    return exit.kind === 'code' && exit.code === 0
      ? undefined
      : [describeExit(exit), said.trim()].filter(Boolean).join(', ')
  } catch (error) {
    // It has just ended, which is noticed elsewhere.
    if (error instanceof Problem) return error.message
    throw error
  }
}
