import { createHash } from 'node:crypto'
import { nameOfImage, readRawManifest } from '../../../host/skopeo.ts'
import { digestOf, type Artifact } from '../../../model/lock.ts'
import { hexOf, isDigest, type Digest } from '../../../model/names.ts'
import { featureUnsupported } from '../../../model/problems/dockerfile-build.ts'
import { hashMismatch } from '../../../model/problems/install.ts'
import { lockDrift } from '../../../model/problems/lock.ts'
import { ociArchitecture } from '../architecture.ts'
import { parseImageReference, type ImageOrigin } from '../dockerfile/index.ts'
import type { Recording } from '../locking.ts'
import type { Workshop } from '../workshop.ts'
import { readDescription } from './registry-image-configuration.ts'
import { chosenManifest, readManifest, type Blob } from './registry-image-manifest.ts'
import { addressOf, ensureBlobs, fromRegistry, usable, type LockedImage } from './registry-image-fetch.ts'
import { layerSteps } from './registry-image-layers.ts'
import type { StageImage } from './stage-image.ts'

/**
 * An image of a registry: the one of the lock, or the one that its name stands for today. When a lock is made, all of it
 * is fetched; afterwards, what the store does not have, and of the layers only those that are not unpacked already.
 * @throws featureUnsupported, imageUnreachable, imageRefused, imageUnusable, hashMismatch, lockDrift
 */
export async function registryImage(workshop: Workshop, { reference, platform }: ImageOrigin): Promise<StageImage> {
  requireSupported(reference, platform)
  const { locking } = workshop
  const image = await findImage(workshop, reference)
  await ensureBlobs(workshop, image, [image.digest])
  const manifestText = await textOf(workshop, image.digest)
  const manifest = usable(reference, () => readManifest(manifestText))
  const { config, layers } = manifest
  const needed = locking.mode === 'record' ? [config, ...layers] : [config]
  await ensureBlobs(
    workshop,
    image,
    needed.map(({ digest }) => digest),
  )
  const configText = await textOf(workshop, config.digest)
  const description = usable(reference, () => readDescription(configText, manifest, ociArchitecture()))
  const size = Buffer.byteLength(manifestText)
  return {
    steps: layerSteps(image, manifest, description),
    config: description.config,
    artifacts: [
      { ...artifactOf(image, { digest: image.digest, size }), tags: [reference] },
      ...[config, ...layers].map((blob) => artifactOf(image, blob)),
    ],
  }
}

function requireSupported(reference: string, platform: string): void {
  const own = `linux/${ociArchitecture()}`
  const { digest } = parseImageReference(reference)
  const why =
    platform !== own
      ? `this host is ${own}, and its lock is for one kind of processor`
      : digest !== undefined && !isDigest(digest)
        ? 'its digest is not of SHA-256'
        : undefined
  if (why === undefined) return
  const instead = platform === own ? 'Name it by its SHA-256 digest' : 'Leave `--platform` out, or build on such a host'
  throw featureUnsupported({ what: `FROM ${reference} for ${platform}`, why, instead })
}

async function findImage(workshop: Workshop, reference: string): Promise<LockedImage> {
  const { locking } = workshop
  if (locking.mode === 'record') return heldImage(locking, reference) ?? resolveImage(workshop, reference, locking)
  const { lock, file } = locking
  const locked = lockedImage(lock.artifacts, reference)
  if (locked) return locked
  const drift = { file: 'Dockerfile', name: `FROM ${reference}`, locked: undefined, wanted: reference }
  throw lockDrift({ file, drift: [drift] })
}

function lockedImage(artifacts: readonly Artifact[], reference: string): LockedImage | undefined {
  const found = artifacts.find(({ kind, tags }) => kind === 'image' && tags?.includes(reference))
  return found && { reference, name: found.name, digest: digestOf(found) }
}

/** The image of the previous lock, unless it is to move. */
function heldImage({ previous, update }: Recording, reference: string): LockedImage | undefined {
  const locked = lockedImage(previous?.artifacts ?? [], reference)
  if (!locked || update === 'all') return undefined
  const names = [reference, locked.name, parseImageReference(reference).path]
  return names.some((name) => update.includes(name)) ? undefined : locked
}

/** The image that a reference stands for today, for this processor. */
async function resolveImage(workshop: Workshop, reference: string, { asOf }: Recording): Promise<LockedImage> {
  if (asOf !== undefined) {
    const message = `${reference}: a registry does not say what a name stood for at another time; taking today's image`
    workshop.emit({ kind: 'notice', message })
  }
  const { digest: written } = parseImageReference(reference)
  const address = `${nameIn(reference)}${suffixOf(reference)}`
  const name = await fromRegistry(workshop, reference, (asking) => nameOfImage(address, asking))
  const from = `${name}${suffixOf(reference)}`
  const text = await fromRegistry(workshop, reference, (asking) => readRawManifest(from, asking))
  const own: Digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  if (written !== undefined && own !== written) throw hashMismatch({ url: reference, expected: written, found: own })
  return { reference, name, digest: usable(reference, () => chosenManifest(text, ociArchitecture())) ?? own }
}

function nameIn(reference: string): string {
  const { registry, path } = parseImageReference(reference)
  return registry === undefined ? path : `${registry}/${path}`
}

/** What stands behind the name: a digest says all, and skopeo takes no tag beside it. */
function suffixOf(reference: string): string {
  const { tag = 'latest', digest } = parseImageReference(reference)
  return digest === undefined ? `:${tag}` : `@${digest}`
}

function artifactOf({ reference, name }: LockedImage, { digest, size }: Blob): Artifact {
  const { tag, digest: written } = parseImageReference(reference)
  const version = tag ?? written ?? 'latest'
  return { kind: 'image', name, version, part: 'base', url: addressOf(name, digest), sha256: hexOf(digest), size }
}

async function textOf({ store }: Workshop, digest: Digest): Promise<string> {
  const text = await store.blobs.readText(digest)
  if (text === undefined) throw new Error(`${digest} was removed while it was read`)
  return text
}
