import { lockChanges } from '../model/lock-changes.ts'
import { parseLock, renderLock } from '../model/lock-file.ts'
import { lockFileName, type Lock } from '../model/lock.ts'
import type { Emit } from '../model/events.ts'
import { releaseName, type Digest } from '../model/names.ts'
import type { DeployRequest } from '../model/api.ts'
import { lockMissing, lockRecipe } from '../model/problems/lock.ts'
import { releaseLockMissing } from '../model/problems/supply-chain.ts'
import type { Release } from '../model/release.ts'
import { driftOf, type Locking } from '../steps/install/index.ts'
import { recipeVersion } from '../steps/install/recipe.ts'
import type { Berth } from './berth.ts'
import { installPlanOf, type Source } from './source.ts'

/**
 * Whether a deploy follows a lock or makes one. The lock beside the manifest comes first; a source that has none, such
 * as a repository, goes on with the one of the release that serves, for as long as that fits.
 * @throws lockMissing with `--locked` and no lock, lockRecipe with `--locked` and one of another recipe
 */
export async function lockingFor(berth: Berth, source: Source, request: DeployRequest): Promise<Locking> {
  const { retrieved, manifest } = source
  const { app } = retrieved
  const lock = retrieved.lock ?? (await lockOfCurrent(berth, app))
  if (request.locked) {
    if (!retrieved.lock) throw lockMissing({ app })
    const { recipe: locked } = retrieved.lock
    if (locked !== recipeVersion) throw lockRecipe({ file: request.lockPath, locked, known: recipeVersion })
    return { mode: 'follow', lock: retrieved.lock, file: request.lockPath }
  }
  const isFitting = lock && (retrieved.lock || driftOf(lock.inputs, installPlanOf(source).inputs).length === 0)
  if (isFitting && request.goal !== 'lock' && request.update === undefined) {
    // The image is made by this berth's recipe, whatever made the one before: the lock has to say so.
    return {
      mode: 'follow',
      lock: { ...lock, recipe: recipeVersion },
      file: retrieved.lock ? request.lockPath : `the lock of ${app}`,
    }
  }
  const asOf = request.asOf ?? manifest.install.as_of ?? lock?.asOf
  return {
    mode: 'record',
    update: request.update ?? [],
    ...(lock === undefined ? {} : { previous: lock }),
    ...(asOf === undefined ? {} : { asOf }),
  }
}

async function lockOfCurrent(berth: Berth, name: string): Promise<Lock | undefined> {
  const app = berth.state.apps.find(name)
  if (app?.currentRelease === undefined) return undefined
  return lockOf(berth, berth.state.releases.get(app, app.currentRelease))
}

/** The lock that a release was built with; undefined when it is not in the store any more. */
export async function lockOf(berth: Berth, release: { readonly lock: Digest }): Promise<Lock | undefined> {
  const text = await berth.images.blobs.readText(release.lock)
  return text === undefined ? undefined : parseLock(text, lockFileName)
}

/** @throws releaseLockMissing */
export async function requireLockOf(berth: Berth, release: Pick<Release, 'app' | 'number' | 'lock'>): Promise<Lock> {
  const lock = await lockOf(berth, release)
  if (!lock) throw releaseLockMissing({ app: release.app, release: releaseName(release.number) })
  return lock
}

/** Tells the client of a lock that its source does not have. */
export function announceLock({ retrieved }: Source, locking: Locking, lock: Lock, emit: Emit): void {
  const { app, lock: own } = retrieved
  const text = renderLock(lock)
  if (own && renderLock(own) === text) return
  const before = locking.mode === 'follow' ? locking.lock : locking.previous
  const changes = lockChanges(before?.artifacts ?? [], lock.artifacts)
  emit({ kind: 'locked', app, text, changes, artifacts: lock.artifacts.length })
}

/** Keeps the text of a lock for as long as a release needs it. */
export async function storeLock(berth: Berth, lock: Lock): Promise<Digest> {
  return (await berth.images.blobs.addText(renderLock(lock))).digest
}
