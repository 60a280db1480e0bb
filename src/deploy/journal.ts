import type { Emit } from '../model/events.ts'
import type { StepName } from '../model/names.ts'
import type { App } from '../store/apps.ts'
import { logPlace, type Berth } from './berth.ts'
import { eventOf } from '../model/problem-event.ts'
import { problemOf } from './failure.ts'

/** One change of an application while it is made. */
export interface Change {
  readonly app: App
  readonly deployment: number
  readonly emit: Emit
  readonly signal: AbortSignal
}

/**
 * Makes one change, alone for its application and written down: begun, how far it came, how it ended.
 * Whatever it throws becomes a problem in the journal, and is thrown on as one.
 */
export async function journaled<Result>(
  berth: Berth,
  { name, action, emit, signal }: { name: string; action: string; emit: Emit; signal: AbortSignal },
  work: (change: Change) => Promise<Result>,
): Promise<Result> {
  using alone = berth.busy.begin(name, action)
  using held = await berth.busy.holdStore()
  const app = berth.state.apps.ensure(name)
  const deployment = berth.state.deployments.begin(app, action)
  try {
    const result = await work({ app, deployment, emit, signal })
    berth.state.deployments.succeeded(deployment)
    return result
  } catch (error) {
    const problem = problemOf(error, { action, signal, log: logPlace(berth) })
    berth.state.deployments.failed(deployment, eventOf(problem))
    throw problem
  } finally {
    settle(berth)
  }
}

/** What has been done is done; that it also survives a power cut is worth trying, and no reason to call it failed. */
function settle(berth: Berth): void {
  try {
    berth.state.settle()
  } catch (error) {
    berth.log(`state: ${String(error)}`)
  }
}

/** What a step says when it is through. */
export interface StepOutcome<Result> {
  readonly result: Result
  readonly summary: string
  readonly reused?: boolean
}

/** Runs one of the five steps and tells of it. */
export async function step<Result>(
  name: StepName,
  emit: Emit,
  work: () => Promise<StepOutcome<Result>>,
): Promise<Result> {
  const begun = performance.now()
  emit({ kind: 'step-started', step: name })
  const { result, summary, reused = false } = await work()
  emit({ kind: 'step-finished', step: name, seconds: secondsSince(begun), reused, summary })
  return result
}

/** Seconds since a reading of `performance.now()`, to the millisecond. */
export function secondsSince(begun: number): number {
  return Math.round(performance.now() - begun) / 1000
}
