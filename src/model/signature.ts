import { isDigest, type Digest } from './names.ts'

/**
 * A signature of an image as cosign writes it (sigstore/cosign, specs/SIGNATURE_SPEC.md): a small document that names
 * the image, and its signature with ECDSA on P-256 as an annotation.
 */

export const signatureType = 'application/vnd.dev.cosign.artifact.sig.v1+json'
export const payloadMediaType = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const signatureAnnotation = 'dev.cosignproject.cosign/signature'

/** What is signed ("simple signing", containers/image, docs/containers-signature.5.md). */
export function signedPayload(image: Digest): string {
  const critical = {
    identity: { 'docker-reference': '' },
    image: { 'docker-manifest-digest': image },
    type: 'cosign container image signature',
  }
  return JSON.stringify({ critical, optional: null })
}

/** The image that a payload is about; undefined when it is none. */
export function imageOfPayload(text: string): Digest | undefined {
  try {
    const { critical } = JSON.parse(text) as { critical?: { type?: unknown; image?: Record<string, unknown> } }
    const digest = critical?.image?.['docker-manifest-digest']
    const isSignature = critical?.type === 'cosign container image signature'
    return isSignature && typeof digest === 'string' && isDigest(digest) ? digest : undefined
  } catch {
    return undefined
  }
}
