import { levelFacts } from '../model/levels.ts'
import type { Release } from '../model/release.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'

/**
 * Stops what serves, when the next release and it cannot have their volumes at once: a disk of a virtual machine has one
 * owner. Requests are not answered from then on, until the next one serves.
 * @returns the release that served, to be brought back if the next one does not come to serve; undefined otherwise
 */
export async function giveWay(berth: Berth, app: App, next: Release): Promise<Release | undefined> {
  const serving = berth.state.sandboxes.serving(app)
  const now = serving && berth.state.releases.get(app, serving.release)
  if (!serving || !now || !mustGiveWay(now, next)) return undefined
  await berth.isolator.stop(serving.id, now.run.stopGraceSeconds)
  return now
}

/** Whether two releases of an application cannot run at once. */
export function mustGiveWay(now: Pick<Release, 'run'>, next: Pick<Release, 'run'>): boolean {
  const isAlone = [now, next].some(({ run }) => levelFacts[run.level].takesVolumesAlone === true)
  const paths = new Set(now.run.volumes.map(({ name }) => name))
  return isAlone && next.run.volumes.some(({ name }) => paths.has(name))
}
