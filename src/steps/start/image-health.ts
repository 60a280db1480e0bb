import type { ImageConfigPlan } from '../../model/plan.ts'
import type { RunSpec } from '../../model/release.ts'

type Health = RunSpec['health']
type ImageHealthcheck = NonNullable<ImageConfigPlan['healthcheck']>

/** Seconds that an application may take to become healthy when nobody says more. */
const standardTimeout = 60
/** As many as a manifest may ask for. */
const longestTimeout = 3600

/** Docker's own, where a `HEALTHCHECK` says nothing: seconds, and failures in a row. */
const docker = { interval: 30, timeout: 30, retries: 3 } as const

/** What of a manifest's `[start]` decides how health is asked for. */
export interface WantedHealth {
  readonly health?: string | undefined
  readonly health_timeout?: number | undefined
}

/**
 * How a release tells that it is healthy: as the manifest says, else as the image's `HEALTHCHECK` does, else at `/`.
 * @param config the configuration of its image
 */
export function healthOf(
  wanted: WantedHealth,
  { healthcheck, shell }: Pick<ImageConfigPlan, 'healthcheck' | 'shell'>,
): Health {
  const { health: path, health_timeout: timeoutSeconds = standardTimeout } = wanted
  const [kind, ...rest] = healthcheck?.Test ?? []
  if (path !== undefined || !healthcheck || kind === undefined) return { path: path ?? '/', timeoutSeconds }
  if (kind === 'NONE') return { path: '/', timeoutSeconds, own: { kind: 'port' } }
  const argv = kind === 'CMD-SHELL' ? [...(shell ?? ['/bin/sh', '-c']), ...rest] : rest
  if (argv.length === 0) return { path: '/', timeoutSeconds }
  const own = { kind: 'command' as const, argv, timeoutSeconds: seconds(healthcheck.Timeout) ?? docker.timeout }
  return { path: '/', timeoutSeconds: wanted.health_timeout ?? patienceOf(healthcheck), own }
}

/** When Docker would have called it unhealthy, and not earlier than berth would; seconds. */
function patienceOf({ StartPeriod, Interval, Retries = docker.retries }: ImageHealthcheck): number {
  const total = (seconds(StartPeriod) ?? 0) + Retries * (seconds(Interval) ?? docker.interval)
  return Math.min(longestTimeout, Math.max(standardTimeout, Math.ceil(total)))
}

/** Docker counts nanoseconds, and takes 0 for "not said". */
function seconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined || nanoseconds <= 0 ? undefined : nanoseconds / 1e9
}
