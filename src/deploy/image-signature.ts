import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { mkdir, readText, readUntrusted, writeFileAtomically } from '../host/files.ts'
import { oneAtATime } from '../host/one-at-a-time.ts'
import type { Digest } from '../model/names.ts'
import { imageUnsigned, signingKeyUnreadable } from '../model/problems/supply-chain.ts'
import type { Release } from '../model/release.ts'
import {
  imageOfPayload,
  payloadMediaType,
  signatureAnnotation,
  signatureType,
  signedPayload,
} from '../model/signature.ts'
import type { Berth } from './berth.ts'
import type { Source } from './source.ts'

/** Signs images with this berth's key, when it has one, and holds images against the keys that a manifest names. */

const curve = 'prime256v1'

function keyFile({ paths }: Berth): string {
  return join(paths.keys, 'signing.pem')
}

/** The public key that images are signed with, PEM; makes the pair when there is none. From then on, images are signed. */
export async function signingKey(berth: Berth): Promise<string> {
  const path = keyFile(berth)
  const key = await oneAtATime(path, async () => {
    const known = await ownKey(berth)
    if (known) return known
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
    await mkdir(berth.paths.keys, { recursive: true, mode: 0o700 })
    await writeFileAtomically(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600)
    return privateKey
  })
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
}

/** @throws signingKeyUnreadable */
async function ownKey(berth: Berth): Promise<KeyObject | undefined> {
  const path = keyFile(berth)
  const text = await readText(path)
  const key = text === undefined ? undefined : keyFrom(text, createPrivateKey)
  if (text !== undefined && !key) throw signingKeyUnreadable({ key: path })
  return key
}

function keyFrom(text: string, read: (text: string) => KeyObject): KeyObject | undefined {
  try {
    const key = read(text)
    return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve ? key : undefined
  } catch {
    return undefined
  }
}

/** Signs an image, if this berth has a key and has not signed it yet. */
export async function signImage(berth: Berth, image: Digest): Promise<void> {
  const key = await ownKey(berth)
  if (!key || (await isSignedBy(berth, image, [createPublicKey(key)]))) return
  const text = signedPayload(image)
  const signature = sign('sha256', Buffer.from(text), key).toString('base64')
  const annotations = { [signatureAnnotation]: signature }
  await berth.images.attach(image, { artifactType: signatureType, mediaType: payloadMediaType, text, annotations })
}

/**
 * Refuses an image that none of the keys has signed that the manifest names under `[install] signed_by`.
 * @returns the keys, PEM, for `requireStillSigned()`
 * @throws imageUnsigned, signingKeyUnreadable
 */
export async function requireSigned(
  berth: Berth,
  { manifest, retrieved, folder }: Source,
  image: Digest,
): Promise<string[]> {
  const texts: string[] = []
  for (const name of manifest.install.signed_by) {
    const text = name.includes('-----BEGIN') ? name : await readUntrusted(join(folder, name))
    if (text === undefined || !keyFrom(text, createPublicKey)) throw signingKeyUnreadable({ key: name })
    texts.push(text)
  }
  await requireOneOf(berth, texts, { app: retrieved.app, digest: image })
  return texts
}

/** The same for a release that is brought back or started again. @throws imageUnsigned */
export async function requireStillSigned(berth: Berth, { app, image, source }: Release): Promise<void> {
  await requireOneOf(berth, source.signedBy ?? [], { app, digest: image })
}

async function requireOneOf(
  berth: Berth,
  texts: readonly string[],
  image: { readonly app: string; readonly digest: Digest },
): Promise<void> {
  const keys = texts.map((text) => keyFrom(text, createPublicKey)).filter((key) => key !== undefined)
  if (texts.length > 0 && !(await isSignedBy(berth, image.digest, keys))) throw imageUnsigned(image)
}

/** What a signature says counts, not where it was found. */
async function isSignedBy({ images }: Berth, image: Digest, keys: readonly KeyObject[]): Promise<boolean> {
  for (const { artifactType, document } of await images.attachments([image])) {
    const signature = document.annotations?.[signatureAnnotation]
    if (artifactType !== signatureType || signature === undefined) continue
    const text = await images.blobs.readText(document.digest)
    if (text === undefined || imageOfPayload(text) !== image) continue
    const bytes = Buffer.from(signature, 'base64')
    if (keys.some((key) => verify('sha256', Buffer.from(text), key, bytes))) return true
  }
  return false
}
