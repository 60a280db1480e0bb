import { z } from 'zod'
import { isDigest, type Digest } from './names.ts'

/**
 * A signed statement that somebody built an image again and got the same: an in-toto Statement (v1) in a DSSE envelope
 * (secure-systems-lab/dsse, envelope.md), signed with Ed25519 (RFC 8032).
 */

export const payloadType = 'application/vnd.in-toto+json'
export const statementType = 'https://in-toto.io/Statement/v1'
/** How a statement is attached to its image. */
export const attestationType = 'application/vnd.dsse.envelope.v1+json'
export const predicateType = 'urn:x-berth:reproduction:v1'

export const Envelope = z.object({
  payloadType: z.literal(payloadType),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.base64() })).min(1),
})
export type Envelope = z.infer<typeof Envelope>

const Sha256 = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })

export const Statement = z.strictObject({
  _type: z.literal(statementType),
  /** The image, by the digest of its manifest. */
  subject: z.array(z.strictObject({ name: z.string(), digest: Sha256 })).length(1),
  predicateType: z.literal(predicateType),
  predicate: z.strictObject({
    result: z.literal('reproduced'),
    /** What it was built of. */
    source: z.strictObject({ treeDigest: z.string() }),
    lock: Sha256,
    builder: z.strictObject({ name: z.literal('berth'), version: z.string(), recipe: z.int() }),
    varied: z.array(z.string()),
    notVaried: z.array(z.string()),
    /** RFC 3339, UTC: when the second build had ended. */
    finishedOn: z.string(),
  }),
})
export type Statement = z.infer<typeof Statement>

/** What is signed: the type and the payload, each with its length (DSSE, protocol.md, "PAE"). */
export function preAuthenticationEncoding(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}

/** How a key is written in `trusted_keys` and named in an envelope: `ed25519:` and its 32 bytes in base64. */
const keyPattern = /^ed25519:[A-Za-z0-9+/]{43}=$/

export function isKeyText(text: string): boolean {
  return keyPattern.test(text)
}

/** The image that a statement is about. */
export function subjectOf({ subject }: Statement): Digest | undefined {
  const digest = `sha256:${subject[0]?.digest.sha256 ?? ''}`
  return isDigest(digest) ? digest : undefined
}
