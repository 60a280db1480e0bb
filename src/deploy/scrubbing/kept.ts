import { readdir, hasCode } from '../../host/files.ts'
import { parseManifest } from '../../image/manifest.ts'
import { isDigest, type Digest } from '../../model/names.ts'
import type { Release } from '../../model/release.ts'
import type { Berth } from '../berth.ts'
import { blobsOf, keptReleasesOf } from '../gc.ts'

/** Everything in the store, with the applications that need it. */
export interface Kept {
  readonly layers: ReadonlyMap<Digest, readonly string[]>
  /** Documents of releases: nothing can make these again but a deploy. */
  readonly documents: ReadonlyMap<Digest, readonly string[]>
  /** All other blobs but the archives of layers: downloads. */
  readonly downloads: readonly Digest[]
}

export async function everythingKept(berth: Berth): Promise<Kept> {
  const releases = berth.state.apps.list().flatMap((app) => keptReleasesOf(berth, app))
  const layers = await usersOf(releases, (release) => Promise.resolve(release.layers))
  for (const layer of await digestsIn(berth.paths.layers)) if (!layers.has(layer)) layers.set(layer, [])
  const documents = await usersOf(releases, (release) => documentsOf(berth, release))
  const blobs = await digestsIn(berth.paths.blobs)
  return { layers, documents, downloads: blobs.filter((blob) => !layers.has(blob) && !documents.has(blob)) }
}

async function usersOf(
  releases: readonly Release[],
  needed: (release: Release) => Promise<readonly Digest[]>,
): Promise<Map<Digest, string[]>> {
  const users = new Map<Digest, string[]>()
  for (const release of releases) {
    for (const digest of await needed(release)) {
      users.set(digest, [...new Set([...(users.get(digest) ?? []), release.app])])
    }
  }
  return users
}

async function documentsOf({ images }: Berth, release: Release): Promise<Digest[]> {
  const text = await images.blobs.readText(release.image).catch(() => undefined) // damaged: found when it is checked
  const manifest = parseManifest(text ?? '')
  return [release.image, ...(manifest ? [manifest.config] : []), ...blobsOf(release)]
}

async function digestsIn(directory: string): Promise<Digest[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  return names.map((name): Digest => `sha256:${name}`).filter(isDigest)
}
