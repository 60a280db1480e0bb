import type { Artifact, Lock } from '../model/lock.ts'
import {
  forgottenEpoch,
  isAffected,
  isNamed,
  isUnclear,
  parseQuery,
  type PackageQuery,
} from '../model/packages/affected.ts'
import { sourcePackageOf } from '../model/packages/debian-source.ts'
import { releaseName, type Digest } from '../model/names.ts'
import { queryUnclear } from '../model/problems/supply-chain.ts'
import type { Release } from '../model/release.ts'
import type { AffectedRelease, AffectedReport } from '../model/supply-chain.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'
import { lockOf } from './locking.ts'

/**
 * Looks through the locks of all releases of all applications, those that are not kept any more among them.
 * @throws queryUnclear
 */
export async function affected(berth: Berth, text: string): Promise<AffectedReport> {
  const query = parseQuery(text)
  if (!query) throw queryUnclear({ query: text })
  using held = await berth.busy.holdStore()
  const report: AffectedReport = { query: text, found: [], releases: 0, notes: [] }
  const notes = new Set<string>()
  const locks = new Map<Digest, Lock | undefined>()
  for (const app of berth.state.apps.list()) {
    for (const release of berth.state.releases.list(app)) {
      if (!locks.has(release.lock)) locks.set(release.lock, await lockOf(berth, release))
      report.releases += 1
      const lock = locks.get(release.lock)
      if (!lock) notes.add(`${app.name} ${releaseName(release.number)}: its lock is no longer in the store`)
      for (const artifact of lock?.artifacts ?? []) {
        if (!isNamed(query, artifact)) continue
        for (const note of notesOn(query, artifact)) notes.add(note)
        if (isAffected(query, artifact)) report.found.push(describe(app, release, artifact))
      }
    }
  }
  return { ...report, notes: [...notes] }
}

function describe(app: App, { number }: Release, { kind, name, version, url, part }: Artifact): AffectedRelease {
  const source = kind === 'deb' ? sourcePackageOf(url) : undefined
  return {
    ...{ app: app.name, release: releaseName(number), kind, package: name, version },
    ...(source === undefined || source === name ? {} : { source }),
    serves: number === app.currentRelease && app.wanted === 'running',
    onlyBuild: part === 'build',
  }
}

function notesOn(query: PackageQuery, artifact: Artifact): string[] {
  const { kind, name, version } = artifact
  return [
    ...(forgottenEpoch(query, artifact)
      ? [`${name} ${version} has an epoch, the number before the colon, and so comes after any version without one`]
      : []),
    ...(isUnclear(query, artifact)
      ? [`${kind} ${name} ${version} cannot be compared with that; it is listed to be safe`]
      : []),
  ]
}
