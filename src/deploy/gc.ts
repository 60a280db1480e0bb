import { join } from 'node:path'
import { readdir, removeTree, stat } from '../host/files.ts'
import type { KeptImage } from '../isolation/isolator.ts'
import type { GcReport } from '../model/api.ts'
import { digestOf } from '../model/lock.ts'
import type { Digest } from '../model/names.ts'
import type { Release } from '../model/release.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'
import { lockOf } from './locking.ts'
import { tagOf } from './roll-out.ts'

/** Releases of each application whose images stay, so that a rollback needs no build; the current one always stays. */
const keptReleases = 10

/** Log files of each application that stay. */
const keptLogs = 20

/** Removes what no kept release needs: images, layers, blobs, old logs, left-over temporary files. */
export async function collectGarbage(berth: Berth, dryRun: boolean): Promise<GcReport> {
  return dryRun ? sweep(berth, true) : berth.busy.sweepStore(() => sweep(berth, false))
}

async function sweep(berth: Berth, dryRun: boolean): Promise<GcReport> {
  const apps = berth.state.apps.list()
  const releases = apps.flatMap((app) => keptReleasesOf(berth, app))
  const images = releases.map(({ image }) => image)
  const artifacts = await lockedArtifacts(berth, releases)
  // A lock is small, and answers for a release that is long gone.
  const locks = apps.flatMap((app) => berth.state.releases.list(app).map(({ lock }) => lock))
  const garbage = await berth.images.garbage(images, [...releases.flatMap(blobsOf), ...locks, ...artifacts])
  const stored = await berth.isolator.garbage(keptImages(berth, releases))
  const logs = (await Promise.all(apps.map((app) => oldLogs(berth, app)))).flat()
  if (!dryRun) {
    for (const app of apps) await untagOld(berth, app)
    berth.documented.clear()
    await berth.images.removeGarbage(garbage)
    for (const { path } of logs) await removeTree(path)
    for (const item of stored) await item.remove()
  }
  const removed = [...garbage, ...logs, ...stored].map(({ kind, name, bytes }) => ({ kind, name, bytes }))
  return { dryRun, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0), removed }
}

/** What sandboxes are made of: those that run, and those that a rollback would make. */
function keptImages({ images, state }: Berth, releases: readonly Release[]): KeptImage[] {
  const running = state.sandboxes.list().flatMap((record) => {
    const app = state.apps.byId(record.app)
    return app ? [state.releases.get(app, record.release)] : []
  })
  return [...releases, ...running].map(({ image, layers }) => ({
    manifest: image,
    layers: layers.map((layer) => images.layers.directory(layer)),
  }))
}

function isKept(app: App, number: number, index: number): boolean {
  return index < keptReleases || number === app.currentRelease
}

/** Releases that can serve again without a build. */
export function keptReleasesOf({ state }: Berth, app: App): Release[] {
  return state.releases.list(app).filter(({ number }, index) => isKept(app, number, index))
}

/** What a release needs to be built again. */
export function blobsOf({ lock, source }: Release): Digest[] {
  return source.archive === undefined ? [lock] : [lock, source.archive]
}

/**
 * What the locks of releases name: with that, each can be built again and bundled without a network.
 * @throws blobCorrupt for a damaged lock; nothing that it may name is garbage until that is settled
 */
async function lockedArtifacts(berth: Berth, releases: readonly Release[]): Promise<Digest[]> {
  const found = new Set<Digest>()
  const locks = new Map(releases.map((release) => [release.lock, release]))
  for (const release of locks.values()) {
    for (const artifact of (await lockOf(berth, release))?.artifacts ?? []) found.add(digestOf(artifact))
  }
  return [...found]
}

async function untagOld({ state, images }: Berth, app: App): Promise<void> {
  for (const [index, release] of state.releases.list(app).entries()) {
    if (!isKept(app, release.number, index)) await images.untag(tagOf(release))
  }
}

interface OldLog {
  readonly kind: 'log'
  readonly name: string
  readonly path: string
  readonly bytes: number
}

async function oldLogs({ paths, state }: Berth, app: App): Promise<OldLog[]> {
  const folder = join(paths.logs, app.name)
  const names = (await readdir(folder).catch(() => [])).sort().reverse()
  const live = new Set(state.sandboxes.ofApp(app).map(({ id }) => id.slice(id.lastIndexOf('-') + 1).padStart(6, '0')))
  const old = names.slice(keptLogs).filter((name) => !live.has(name.slice(0, 6)))
  return Promise.all(
    old.map(async (name) => {
      const path = join(folder, name)
      return { kind: 'log' as const, name: `${app.name}/${name}`, path, bytes: (await stat(path)).size }
    }),
  )
}
