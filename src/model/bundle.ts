import { z } from 'zod'
import { mostAttestations } from './attestation-files.ts'
import { appNamePattern, isDigest, type Digest } from './names.ts'

/**
 * A bundle is one tar archive with all that a release is made of: image, lock, every artifact that the lock names, source
 * and manifest. First comes the header, then a line with its hash, then every blob in the order in which the header
 * lists them. The same release gives the same bytes everywhere, so a reader knows each byte but the contents beforehand.
 */

export const bundleFormat = 1
export const headerName = 'berth-bundle.json'
export const headerHashName = 'berth-bundle.sha256'

/** Bytes. */
export const largestHeader = 64 * 1024 ** 2

const DigestText = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'must be a digest')

export const BundleMember = z.strictObject({
  digest: DigestText,
  /** Bytes. */
  size: z.int().min(0).max(0o77777777777),
  /** For people, such as `layer` or `deb openssl 3.0.15`. */
  what: z.string(),
})
export type BundleMember = z.infer<typeof BundleMember>

export const BundleHeader = z.strictObject({
  format: z.literal(bundleFormat),
  app: z.string().regex(appNamePattern),
  /** Debian's name of the processor. */
  architecture: z.string().min(1),
  image: DigestText,
  lock: DigestText,
  /** The archive of the source tree. */
  source: DigestText,
  /** The manifest, when it is not in the tree. */
  manifest: DigestText.optional(),
  /** Manifests that attach signatures to the image. */
  signatures: z.array(DigestText),
  /** Manifests that attach what others have signed of the image: that it came out the same. */
  attestations: z.array(DigestText).min(1).max(mostAttestations).optional(),
  /** Sorted by digest. */
  members: z.array(BundleMember),
})
export type BundleHeader = z.infer<typeof BundleHeader>

/** Path of a blob in the archive: where an OCI layout has it. */
export function memberPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`
}

export const BundleQuestion = z.strictObject({ release: z.int().min(1).optional() })
export type BundleQuestion = z.infer<typeof BundleQuestion>

/** The first line of the body that deploys a bundle; the rest of the body is the bundle. */
export const BundleDeployRequest = z.strictObject({
  /** How to name the bundle in messages. */
  file: z.string(),
  /** Settings to store before this deploy (`--set`). */
  set: z.record(z.string(), z.string()),
})
export type BundleDeployRequest = z.infer<typeof BundleDeployRequest>
