import { join } from 'node:path'
import { mkdir, mkdtemp, readFile, removeTree, rename, statfs, syncPath } from '../../host/files.ts'
import { parseConfig, parseManifest, readAttachment, readLayer } from '../../image/index.ts'
import { attestationType } from '../../model/attestation.ts'
import type { BundleHeader } from '../../model/bundle.ts'
import { hexOf, type Digest } from '../../model/names.ts'
import { bundleDamaged } from '../../model/problems/bundle.ts'
import { roomMissing } from '../../model/problems/deploy.ts'
import { signatureType } from '../../model/signature.ts'
import type { Berth } from '../berth.ts'
import { ByteReader, WrongLength } from './byte-reader.ts'
import { whyHarmful } from './harmful-layer.ts'
import { Damaged, readEnd, readHeader, readMember } from './parse.ts'

interface BundleInput {
  /** How to name it in messages. */
  readonly file: string
  readonly bytes: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
  /** Called with how many bytes of how many have been checked. */
  readonly onProgress: (done: number, total: number) => void
}

/** A bundle that has been checked to its last byte, beside the store. Disposing of it removes what was not kept. */
export interface StagedBundle extends AsyncDisposable {
  readonly header: BundleHeader
  /** Where a member is, before it is kept. */
  readonly pathOf: (digest: Digest) => string
  /** Moves all of it into the store. */
  readonly keep: () => Promise<void>
}

/**
 * Reads a bundle into a folder of its own.
 * @throws bundleDamaged, bundleNewer, bundleArchitecture, roomMissing; then nothing of it is left
 */
export async function stageBundle(berth: Berth, input: BundleInput): Promise<StagedBundle> {
  const { temporary, blobs } = berth.paths
  await mkdir(temporary, { recursive: true, mode: 0o711 })
  const staging = await mkdtemp(join(temporary, 'bundle-'))
  const pathOf = (digest: Digest) => join(staging, hexOf(digest))
  const reader = new ByteReader(input.bytes)
  try {
    const header = await readAll(berth, reader, { ...input, staging })
    await requireImage(pathOf, header)
    await requireAttached(pathOf, header, { type: signatureType, list: header.signatures, what: 'signature' })
    const { attestations: statements = [] } = header
    await requireAttached(pathOf, header, { type: attestationType, list: statements, what: 'statement' })
    const keep = async () => {
      for (const { digest } of header.members) await rename(pathOf(digest), join(blobs, hexOf(digest)))
      await syncPath(blobs)
    }
    return { header, pathOf, keep, [Symbol.asyncDispose]: () => removeTree(staging) }
  } catch (error) {
    await removeTree(staging)
    // A sender that is not listened to any more hears that the connection was reset, and not why.
    await reader.drain().catch(() => undefined)
    if (!(error instanceof Damaged || error instanceof WrongLength)) throw error
    throw bundleDamaged({ file: input.file, reason: error.message }, { cause: error })
  }
}

async function readAll(
  berth: Berth,
  reader: ByteReader,
  { staging, file, signal, onProgress }: BundleInput & { readonly staging: string },
): Promise<BundleHeader> {
  const header = await readHeader(reader, file)
  await requireRoomFor(berth, header)
  const total = header.members.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  for (const member of header.members) {
    signal.throwIfAborted()
    await readMember(reader, member, { staging, onBytes: (count) => onProgress((done += count), total) })
  }
  await readEnd(reader)
  return header
}

/** The blobs, and the layers unpacked. */
async function requireRoomFor({ instance: { home } }: Berth, { members }: BundleHeader): Promise<void> {
  const { bavail, bsize } = await statfs(home)
  const needed = members.reduce((sum, { size, what }) => sum + size * (what.startsWith('layer') ? 2 : 1), 0)
  const free = bavail * bsize
  if (needed > free) throw roomMissing({ home, needed, free })
}

/** An image whose parts are all there, and whose layers are such as berth writes. */
async function requireImage(pathOf: (digest: Digest) => string, { image, members }: BundleHeader): Promise<void> {
  const digests = new Set(members.map(({ digest }) => digest))
  const manifest = parseManifest(await readFile(pathOf(image), 'utf8'))
  if (!manifest) throw new Damaged('what it calls its image is none')
  const lost = [manifest.config, ...manifest.layers].find((digest) => !digests.has(digest))
  if (lost) throw new Damaged(`${lost}, a part of its image, is not in it`)
  const config = parseConfig(await readFile(pathOf(manifest.config), 'utf8'))
  if (config?.layers.join() !== manifest.layers.join())
    throw new Damaged('the configuration of its image is of another')
  for (const layer of new Set(manifest.layers)) {
    const { entries } = await readLayer(pathOf(layer))
    const reason = entries ? whyHarmful(entries) : 'it is not one that berth writes'
    if (reason !== undefined) throw new Damaged(`layer ${layer}: ${reason}`)
  }
}

/** Nothing may be attached but what the header says it is, and to nothing but the image. */
async function requireAttached(
  pathOf: (digest: Digest) => string,
  { image, members }: BundleHeader,
  { type, list, what }: { readonly type: string; readonly list: readonly Digest[]; readonly what: string },
): Promise<void> {
  const digests = new Set(members.map(({ digest }) => digest))
  for (const digest of list) {
    const attachment = readAttachment(await readFile(pathOf(digest), 'utf8'))
    const isOfImage = attachment?.artifactType === type && attachment.subject === image
    if (!isOfImage || !digests.has(attachment.document.digest))
      throw new Damaged(`${digest} is no ${what} of its image`)
  }
}
