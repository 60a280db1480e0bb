import { digestOf, isAbsent, type Artifact, type Lock } from '../../model/lock.ts'
import { fetchBlob } from './fetch.ts'
import { ensureBlobs, type ImagePlace, type LockedImage } from './stages/registry-image-fetch.ts'

/**
 * Makes sure that what a lock names is in the store and whole: fetches it again when it is not, whatever kind it is.
 * @throws downloadFailed, hashMismatch, and the problems of asking a registry for an image
 */
export async function fetchArtifact(
  place: ImagePlace,
  { lock, artifact }: { readonly lock: Lock; readonly artifact: Artifact },
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (isAbsent(artifact)) return
  const image = artifact.kind === 'image' ? imageOf(lock, artifact) : undefined
  if (image) await ensureBlobs(place, image, [digestOf(artifact)])
  else await fetchBlob(place, artifact, onBytes)
}

/** The image that a configuration or a layer is a file of: the manifest alone has the name that was asked for. */
function imageOf({ artifacts }: Lock, { name, version }: Artifact): LockedImage | undefined {
  const manifest = artifacts.find(
    (other) => other.kind === 'image' && other.name === name && other.version === version && other.tags !== undefined,
  )
  const [reference] = manifest?.tags ?? []
  return manifest && reference !== undefined ? { reference, name, digest: digestOf(manifest) } : undefined
}
