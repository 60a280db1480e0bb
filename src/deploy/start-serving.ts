import type { StartHooks } from '../isolation/isolator.ts'
import type { Release } from '../model/release.ts'
import type { Exit, SandboxSpec } from '../model/sandbox.ts'
import { awaitHealthy, type HealthOutcome } from '../steps/start/health.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import type { Berth } from './berth.ts'
import { expectEgress } from './egress/expect.ts'
import { healthCheckFor } from './health.ts'
import { addressOf } from './routing.ts'

export interface Serving {
  readonly spec: SandboxSpec
  readonly release: Release
  readonly record: SandboxRecord
  /** How it ends by itself. */
  readonly ended: Promise<Exit>
  readonly hooks?: StartHooks
  /** How many times longer than it says it may take to be healthy; 1 unless said. */
  readonly patience?: number
  /** Whether it served already and has only to be started again: then better with less than not at all. */
  readonly afterCrash?: boolean
  readonly signal: AbortSignal
}

/** Starts a sandbox that answers requests, and asks it from outside until it is healthy, has ended, or its time is up. */
export async function startServing(berth: Berth, serving: Serving): Promise<HealthOutcome> {
  const { spec, release, record, ended, hooks, patience = 1, afterCrash = false, signal } = serving
  using expected = await expectEgress(berth, release.run, afterCrash)
  await berth.isolator.start(spec, hooks)
  const check = healthCheckFor(berth, release, { id: spec.id, address: addressOf(berth, record), signal })
  return await awaitHealthy({ ...check, timeoutSeconds: check.timeoutSeconds * patience }, ended, signal)
}
