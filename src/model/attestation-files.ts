/** Beside the manifest: what others say of the image. No part of the source, for it speaks of what is made of that. */
export const attestationFolder = 'berth.attestations'
export const mostAttestations = 64
/** Bytes. */
export const largestAttestation = 64 * 1024
