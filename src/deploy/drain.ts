import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '../store/apps.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import { inBackground, type Berth } from './berth.ts'
import { addressOf } from './routing.ts'
import { tidyInBackground } from './tidy.ts'

const secondsBetweenLooks = 0.1

/**
 * Marks what serves as draining; belongs into the transaction that puts something else, or nothing, in its place.
 * @returns undefined when nothing serves, else how to begin with draining once the transaction is through
 */
export function retireServing(berth: Berth, app: App): { drain(): Promise<void> } | undefined {
  const record = berth.state.sandboxes.serving(app)
  if (!record) return undefined
  const { drainSeconds } = berth.state.releases.get(app, record.release).run
  berth.state.sandboxes.retire(app, new Date(Date.now() + drainSeconds * 1000))
  return { drain: () => drainInBackground(berth, record.id) }
}

/** Lets a draining sandbox end: at once when it has no request under way, at the latest when its time is up. */
export function drainInBackground(berth: Berth, id: string): Promise<void> {
  const record = berth.state.sandboxes.find(id)
  const work = record ? drain(berth, record) : Promise.resolve()
  inBackground(berth, `drain ${id}`, work)
  return work.catch(() => undefined)
}

async function drain(berth: Berth, record: SandboxRecord): Promise<void> {
  const { state, isolator } = berth
  const app = state.apps.byId(record.app)
  const release = app && state.releases.list(app).find(({ number }) => number === record.release)
  const until = Date.parse(record.drainUntil ?? new Date().toISOString())
  while (Date.now() < until && (await hasRequests(berth, record))) await sleep(secondsBetweenLooks * 1000)
  await isolator.stop(record.id, release?.run.stopGraceSeconds ?? 10)
  state.sandboxes.remove(record.id)
  if (app) tidyInBackground(berth, app)
}

/** A front that does not answer keeps nothing alive. */
async function hasRequests(berth: Berth, record: SandboxRecord): Promise<boolean> {
  return (await berth.front.requestsInFlight(addressOf(berth, record)).catch(() => 0)) > 0
}
