import { compareImages } from '../image/index.ts'
import { lockChanges } from '../model/lock-changes.ts'
import { parseLock } from '../model/lock-file.ts'
import type { Lock } from '../model/lock.ts'
import { releaseName, type Digest } from '../model/names.ts'
import { Problem } from '../model/problem.ts'
import { runChanges, settingChanges } from '../model/release-changes.ts'
import type { Release } from '../model/release.ts'
import type { Difference, DiffRequest, DiffSide, FileDifference } from '../model/supply-chain.ts'
import type { Berth } from './berth.ts'
import { earlierRelease } from './changes.ts'
import { lockOf } from './locking.ts'

/** One side of a comparison, as far as it is known. */
interface Side {
  readonly name: string
  readonly lock: Lock | undefined
  readonly image: Digest | undefined
  readonly release: Release | undefined
}

/**
 * What differs between two releases, images or locks: packages, files, settings by name, and how they run.
 * @throws unknownApp, unknownRelease, imageMissing, lockUnreadable
 */
export async function diff(berth: Berth, { from, to, files: most }: DiffRequest): Promise<Difference> {
  using held = await berth.busy.holdStore()
  const [before, after] = [await openSide(berth, from), await openSide(berth, to)]
  const notes: string[] = []
  const packages = before.lock && after.lock ? lockChanges(before.lock.artifacts, after.lock.artifacts) : undefined
  const lockless = [before, after].filter(({ lock }) => lock === undefined)
  for (const { name } of lockless) notes.push(`packages: the lock of ${name} is not in the store`)
  const files = await filesOf(berth, { before, after, most, notes })
  const [old, young] = [before.release, after.release]
  return {
    from: before.name,
    to: after.name,
    ...(packages ? { packages } : {}),
    ...(files ? { files } : {}),
    ...(old && young ? { settings: settingChanges(old, young), run: runChanges(old.run, young.run) } : {}),
    notes,
  }
}

async function openSide(berth: Berth, side: DiffSide): Promise<Side> {
  switch (side.kind) {
    case 'lock': {
      const { lock, lockPath } = side
      return { name: lockPath, lock: parseLock(lock, lockPath), image: undefined, release: undefined }
    }
    case 'image':
      return openImage(berth, side.digest)
    case 'earlier': {
      const app = berth.state.apps.get(side.app)
      return openRelease(berth, berth.state.releases.get(app, earlierRelease(berth, app)))
    }
    case 'release': {
      const app = berth.state.apps.get(side.app)
      return openRelease(berth, berth.state.releases.get(app, side.number ?? app.currentRelease ?? 0))
    }
    default:
      return side satisfies never
  }
}

async function openRelease(berth: Berth, release: Release): Promise<Side> {
  const name = `${release.app}@${releaseName(release.number)}`
  return { name, lock: await lockOf(berth, release), image: release.image, release }
}

/** An image that some release has, or one that was only built: of that, the lock is not known. */
async function openImage(berth: Berth, digest: Digest): Promise<Side> {
  const releases = berth.state.apps.list().flatMap((app) => berth.state.releases.list(app))
  const release = releases.find(({ image }) => image === digest)
  const lock = release && (await lockOf(berth, release))
  return { name: digest, lock, image: (await berth.images.readImage(digest)).digest, release: undefined }
}

interface FileQuestion {
  readonly before: Side
  readonly after: Side
  readonly most: number
  readonly notes: string[]
}

async function filesOf(berth: Berth, question: FileQuestion): Promise<FileDifference | undefined> {
  const { before, after, most, notes } = question
  if (!before.image || !after.image) return undefined
  if (before.image === after.image) return { added: 0, removed: 0, changed: 0, list: [], otherTime: 0 }
  try {
    const [from, to] = [await berth.images.readImage(before.image), await berth.images.readImage(after.image)]
    return await compareImages(berth.images, { from: from.layers, to: to.layers }, most)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    notes.push(`files: ${error.message}`)
    return undefined
  }
}
