import { join } from 'node:path'
import { hashFile, readChunks } from '../../../host/hashing-file.ts'
import * as files from '../../../host/files.ts'
import { oneAtATime } from '../../../host/one-at-a-time.ts'
import { copyImage, RegistryFailure } from '../../../host/skopeo.ts'
import { hexOf, type Digest } from '../../../model/names.ts'
import { imageUnreachable } from '../../../model/problems/dockerfile-build.ts'
import { hashMismatch } from '../../../model/problems/install.ts'
import { imageRefused, imageUnusable } from '../../../model/problems/registry-image.ts'
import { ociArchitecture } from '../architecture.ts'
import { parseImageReference } from '../dockerfile/index.ts'
import type { FetchPlace } from '../fetch-place.ts'
import { isInStore } from '../fetch.ts'
import { explainWantOfRoom } from '../room.ts'
import type { Workshop } from '../workshop.ts'
import { UnusableImage } from './registry-image-json.ts'
import { largestDocument, readManifest, type Blob } from './registry-image-manifest.ts'

/** An image as the lock names it. */
export interface LockedImage {
  /** As the Dockerfile writes it. */
  readonly reference: string
  /** With its registry, without tag and digest. */
  readonly name: string
  readonly digest: Digest
}

/** What fetching an image needs of a workshop. */
export type ImagePlace = Pick<Workshop, 'instance'> & FetchPlace

/** How skopeo(1) and podman(1) write an image, or one file of it. */
export function addressOf(name: string, digest: Digest): string {
  return `docker://${name}@${digest}`
}

/**
 * Makes sure that files of an image are in the store and whole; fetches the image by its digest when they are not.
 * @throws imageUnreachable, imageRefused, imageUnusable, hashMismatch
 */
export async function ensureBlobs(workshop: ImagePlace, image: LockedImage, digests: readonly Digest[]): Promise<void> {
  const { name, digest } = image
  await oneAtATime(`${workshop.instance.home} ${name}@${digest}`, async () => {
    for (const each of digests) {
      if (await isInStore(workshop, { url: addressOf(name, each), sha256: hexOf(each) })) continue
      const found = await fetchImage(workshop, image)
      if (found !== digest) throw hashMismatch({ url: addressOf(name, digest), expected: digest, found })
    }
  })
}

/** Fetches an image for this processor into the store. @returns the digest of its manifest */
async function fetchImage(workshop: ImagePlace, { reference, name, digest }: LockedImage): Promise<Digest> {
  const { emit, instance, store } = workshop
  const directory = store.blobs.temporaryPath('image')
  const onFile = (done: number) =>
    emit({ kind: 'progress', step: 'install', what: `fetching ${reference}`, done, unit: 'files' })
  try {
    await store.blobs.prepare()
    const from = `${name}@${digest}`
    await fromRegistry(workshop, reference, (asking) => copyImage(from, directory, { ...asking, onFile }))
    return await takeImage(workshop, directory, reference)
  } catch (error) {
    throw await explainWantOfRoom(error, instance.home)
  } finally {
    await files.removeTree(directory)
  }
}

/**
 * Asks a registry.
 * @throws imageUnreachable, imageRefused
 */
export async function fromRegistry<Answer>(
  { signal }: Pick<ImagePlace, 'signal'>,
  reference: string,
  ask: (asking: { readonly architecture: string; readonly signal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask({ architecture: ociArchitecture(), signal })
  } catch (error) {
    if (!(error instanceof RegistryFailure)) throw error
    const { message: reason } = error
    if (error.kind === 'unreachable') throw imageUnreachable({ reference, reason }, { cause: error })
    throw imageRefused({ reference, reason, registry: parseImageReference(reference).registry }, { cause: error })
  }
}

/** Reads what makes an image unusable as the operator's problem. @throws imageUnusable */
export function usable<Result>(reference: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof UnusableImage) throw imageUnusable({ reference, reason: error.message }, { cause: error })
    throw error
  }
}

/** Moves a fetched image into the store; its manifest comes last, when all that it names is there. */
async function takeImage(workshop: ImagePlace, directory: string, reference: string): Promise<Digest> {
  const path = join(directory, 'manifest.json')
  const text = await files.readUntrusted(path, largestDocument)
  const { config, layers } = usable(reference, () => {
    if (text === undefined) throw new UnusableImage('its manifest is too large')
    return readManifest(text)
  })
  for (const blob of [...layers, config]) await takeBlob(workshop, directory, blob)
  const digest: Digest = `sha256:${await hashFile(path)}`
  await addFile(workshop, path, digest)
  return digest
}

async function takeBlob(workshop: ImagePlace, directory: string, { digest, size }: Blob): Promise<void> {
  const path = join(directory, hexOf(digest))
  if (!(await files.exists(path))) return // the same file twice
  const { size: found } = await files.stat(path)
  if (found !== size) throw hashMismatch({ url: digest, expected: `${size} bytes`, found: `${found} bytes` })
  if (!(await workshop.store.blobs.isIntact(digest))) await addFile(workshop, path, digest)
  await files.rm(path)
}

async function addFile({ store }: Pick<ImagePlace, 'store'>, path: string, expected: Digest): Promise<void> {
  await store.blobs.add(
    async (output) => {
      for await (const chunk of readChunks(path)) await output.write(chunk)
    },
    (found) => {
      if (found !== expected) throw hashMismatch({ url: expected, expected, found })
    },
  )
}
