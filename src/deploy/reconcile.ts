import { mkdir, removeTree } from '../host/files.ts'
import type { Found } from '../model/sandbox.ts'
import type { Deployment } from '../store/deployments.ts'
import type { Berth } from './berth.ts'
import { drainInBackground } from './drain.ts'
import { takeBack } from './roll-out.ts'
import { applyRoutes, routesOf } from './routing.ts'
import type { Supervisor } from './supervise.ts'
import { messageOf } from '../model/problem.ts'

/**
 * Makes host and state agree when the daemon starts, whatever ended the one before: takes over what serves, takes back
 * what was begun, removes what nobody knows, and starts what should run.
 */
export async function reconcile(berth: Berth, supervisor: Supervisor): Promise<void> {
  const { state, paths } = berth
  await removeTree(paths.temporary)
  await mkdir(paths.temporary, { recursive: true, mode: 0o711 })
  for (const deployment of state.deployments.interruptRunning()) await takeBackRelease(berth, deployment)
  const found = new Map((await berth.isolator.list()).map((sandbox) => [sandbox.id, sandbox]))
  const lost = forgetEnded(berth, found)
  await restoreRoutes(berth)
  await removeUnknown(berth, [...found.keys()])
  for (const record of state.sandboxes.list()) if (record.role === 'draining') void drainInBackground(berth, record.id)
  for (const app of state.apps.list()) {
    if (app.wanted === 'running' && !state.sandboxes.serving(app)) supervisor.startSoon(berth, app.id)
  }
  if (lost > 0) berth.log(`${lost} sandboxes had ended while no daemon ran`)
}

/** A release that was being made and never served is as if it had never been asked for. */
async function takeBackRelease(
  berth: Berth,
  { app: appId, to_release, action, started_at }: Deployment,
): Promise<void> {
  const { state } = berth
  const app = state.apps.byId(appId)
  if (!app) return
  berth.log(`a ${action} of ${app.name} was interrupted`)
  if (to_release === null || to_release === app.currentRelease) return
  if (state.deployments.served(app).includes(to_release)) return
  const release = state.releases.list(app).find(({ number }) => number === to_release)
  // One that was there before, such as what a rollback leads to, was not made by this change.
  if (release && Date.parse(release.createdAt) >= Date.parse(started_at)) await takeBack(berth, app, release)
}

/** Takes those out of the state that no longer run. Gives their number. */
function forgetEnded({ state }: Berth, found: ReadonlyMap<string, Found>): number {
  const ended = state.sandboxes.list().filter(({ id }) => found.get(id)?.state !== 'running')
  for (const { id } of ended) state.sandboxes.remove(id)
  return ended.length
}

/** The front comes first: whatever is removed afterwards must have no traffic. A front that fails is not the end. */
async function restoreRoutes(berth: Berth): Promise<void> {
  if (berth.state.apps.list().length === 0) return
  await berth.busy
    .routing(() => applyRoutes(berth, routesOf(berth)))
    .catch((error: unknown) => berth.log(`front: ${messageOf(error)}`))
}

async function removeUnknown(berth: Berth, found: readonly string[]): Promise<void> {
  for (const { id, role } of berth.state.sandboxes.list()) if (role === 'starting') berth.state.sandboxes.remove(id)
  const unknown = found.filter((id) => berth.state.sandboxes.find(id) === undefined)
  await Promise.all(unknown.map((id) => berth.isolator.stop(id, 0)))
}
