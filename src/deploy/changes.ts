import { exists, removeTree } from '../host/files.ts'
import { join } from 'node:path'
import type { ConfigChange } from '../model/api.ts'
import type { Emit } from '../model/events.ts'
import { releaseName } from '../model/names.ts'
import { settingUnknown } from '../model/problems/configure.ts'
import { noEarlierRelease, releaseNotKept } from '../model/problems/state.ts'
import type { Release } from '../model/release.ts'
import { freezeSettings, storedSettings } from '../steps/configure/index.ts'
import type { App } from '../store/apps.ts'
import { documentRelease } from './attach.ts'
import type { Berth } from './berth.ts'
import { drainInBackground, retireServing } from './drain.ts'
import { requireWanted, sealWanted, wantedSettings } from './given.ts'
import { requireStillSigned } from './image-signature.ts'
import { journaled, secondsSince, type Change } from './journal.ts'
import { rollOut, tagOf } from './roll-out.ts'
import { applyRoutes, routesOf, urlOf } from './routing.ts'

/** The changes of an application that need no source: each is journaled, and none of them builds anything. */

export interface Asked {
  readonly app: string
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** Brings an earlier release back: its image, settings, secrets and way to run. */
export async function rollback(berth: Berth, asked: Asked, number: number | undefined): Promise<void> {
  await serve(berth, asked, 'rollback', async (app) => {
    const release = berth.state.releases.get(app, number ?? earlierRelease(berth, app))
    if (!(await berth.images.hasImage(release.image)))
      throw releaseNotKept({ app: app.name, release: releaseName(release.number) })
    await documentRelease(berth, release)
    return release
  })
}

/** The release that served before the current one. */
export function earlierRelease({ state }: Berth, app: App): number {
  const kept = new Set(state.releases.list(app).map((release) => release.number))
  const earlier = state.deployments
    .served(app)
    .find((served) => served !== app.currentRelease && kept.has(served) && served < (app.currentRelease ?? 0))
  if (earlier === undefined) throw noEarlierRelease({ app: app.name })
  return earlier
}

/** Replaces the sandbox of the current release by a new one, or starts one when it was stopped. */
export async function restart(berth: Berth, asked: Asked, action: 'restart' | 'start'): Promise<void> {
  const app = berth.state.apps.get(asked.app)
  if (action === 'start' && berth.state.sandboxes.serving(app)) {
    asked.emit({ kind: 'done', app: app.name, action, message: `${app.name} runs already` })
    return
  }
  await serve(berth, asked, action, (current) => Promise.resolve(currentRelease(berth, current)))
}

function currentRelease({ state }: Berth, app: App): Release {
  return state.releases.get(app, app.currentRelease ?? 0)
}

/** @param choose decides which release, once nothing else can change the application any more */
async function serve(
  berth: Berth,
  { app: name, emit, signal }: Asked,
  action: string,
  choose: (app: App) => Promise<Release>,
): Promise<void> {
  const begun = performance.now()
  berth.state.apps.get(name)
  await journaled(berth, { name, action, emit, signal }, async (change) => {
    const release = await choose(change.app)
    await requireStillSigned(berth, release)
    const commit = () => {
      berth.state.settings.replace(change.app, storedSettings(release))
      berth.state.apps.setDeclared(change.app.id, release.declared)
      berth.state.apps.setTrouble(change.app.id, undefined)
    }
    await rollOut(berth, change, { release, isNew: false, commit })
    emitDeployed(berth, change, release, begun)
  })
}

function emitDeployed(berth: Berth, { app, emit }: Change, release: Release, begun: number): void {
  const { number, image: digest } = release
  const seconds = secondsSince(begun)
  const url = urlOf(berth, app.name)
  emit({ kind: 'deployed', app: app.name, release: releaseName(number), digest, url, seconds, changed: true })
}

/** Takes the traffic away, lets requests under way end, and ends the sandbox. Says so when it has ended. */
export async function stop(berth: Berth, { app: name, emit, signal }: Asked): Promise<void> {
  berth.state.apps.get(name)
  await journaled(berth, { name, action: 'stop', emit, signal }, async ({ app }) => {
    await takeOutOfService(berth, app, signal)
    emit({
      kind: 'done',
      app: name,
      action: 'stop',
      message: `${name} is stopped; \`berth start ${name}\` starts it again`,
    })
  })
}

/** @param signal ends the waiting; the sandbox drains on, if need be under the next daemon */
async function takeOutOfService(berth: Berth, app: App, signal: AbortSignal): Promise<void> {
  const retired = await berth.busy.routing(async () => {
    const retiring = berth.state.atomically(() => {
      berth.state.apps.setWanted(app.id, 'stopped')
      berth.state.apps.setTrouble(app.id, undefined)
      return retireServing(berth, app)
    })
    if (retiring) await applyRoutes(berth, routesOf(berth))
    return retiring
  })
  await untilAborted(signal, retired?.drain() ?? Promise.resolve())
}

async function untilAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  signal.throwIfAborted()
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.race([work, aborted])
  signal.throwIfAborted()
}

/** Changes settings. A running application gets a new release with them, or keeps everything as it was. */
export async function changeConfig(berth: Berth, asked: Asked, change: ConfigChange): Promise<void> {
  const begun = performance.now()
  const { app: name, emit, signal } = asked
  berth.state.apps.get(name)
  await journaled(berth, { name, action: 'configuration change', emit, signal }, async (under) => {
    const { app } = under
    requireKnown(berth, app, change.unset)
    const wanted = wantedSettings(berth.state.settings.list(app), app.declared, change)
    await requireWanted(berth, app, app.declared, wanted)
    const settings = await sealWanted(berth, app, wanted)
    const frozen = freezeSettings(app.declared, settings)
    const current = currentRelease(berth, app)
    await requireStillSigned(berth, current)
    const release = {
      ...current,
      ...frozen,
      number: berth.state.releases.nextNumber(app),
      createdAt: new Date().toISOString(),
    }
    const commit = () => {
      berth.state.settings.replace(app, settings)
      berth.state.apps.setTrouble(app.id, undefined)
    }
    if (app.wanted === 'stopped') return storeForLater(berth, under, { release, commit })
    await rollOut(berth, under, { release, isNew: true, commit })
    emitDeployed(berth, under, release, begun)
  })
}

/** A stopped application stays stopped; what it starts with next time is the new release. */
async function storeForLater(
  berth: Berth,
  { app, emit }: Change,
  { release, commit }: { release: Release; commit: () => void },
): Promise<void> {
  await berth.images.tag(release.image, tagOf(release))
  berth.state.atomically(() => {
    berth.state.releases.add(app, release)
    berth.state.apps.setCurrentRelease(app.id, release.number)
    commit()
  })
  const message = `${app.name} is stopped; it will start as ${releaseName(release.number)} with the new settings`
  emit({ kind: 'done', app: app.name, action: 'config', message })
}

function requireKnown({ state }: Berth, app: App, names: readonly string[]): void {
  const known = new Set(state.settings.list(app).map((setting) => setting.name))
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length > 0) throw settingUnknown({ app: app.name, names: unknown })
}

/** Takes an application away: sandbox, releases, settings, secrets, logs; volumes only when that is asked for. */
export async function destroy(berth: Berth, { app: name, emit, signal }: Asked, volumes: boolean): Promise<void> {
  // Also what a first deploy that was cut off has left: it has no release yet.
  if (!berth.state.apps.find(name)) berth.state.apps.get(name)
  await journaled(berth, { name, action: 'destroy', emit, signal }, async ({ app }) => {
    await takeOutOfService(berth, app, signal)
    const draining = berth.state.sandboxes.ofApp(app).map(({ id }) => drainInBackground(berth, id))
    await untilAborted(
      signal,
      Promise.all(draining).then(() => undefined),
    )
    for (const release of berth.state.releases.list(app)) await berth.images.untag(tagOf(release))
    await removeTree(join(berth.paths.logs, name))
    const folder = join(berth.paths.volumes, name)
    if (volumes) await removeTree(folder)
    berth.state.apps.destroy(app.id)
    berth.refusals.forget(name)
    await berth.busy.routing(() => applyRoutes(berth, routesOf(berth)))
    await berth.egress.tend().catch((error: unknown) => berth.log(`egress: ${String(error)}`))
    const kept = (await exists(folder)) ? `; its volumes are kept in ${folder}` : ''
    emit({ kind: 'done', app: name, action: 'destroy', message: `${name} is gone${kept}` })
  })
}
