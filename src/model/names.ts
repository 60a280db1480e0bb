/** The five steps of a deploy, in their order. Code, output and documents use these words. */
export const stepNames = ['retrieve', 'install', 'configure', 'initialise', 'start'] as const
export type StepName = (typeof stepNames)[number]

/** A content digest as OCI writes it: `sha256:` and 64 hexadecimal digits (OCI image-spec, descriptor.md). */
export type Digest = `sha256:${string}`

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

/** The hexadecimal part, which names files below `blobs/sha256`. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}

/** How an operator writes a release: `v3`. */
export function releaseName(number: number): string {
  return `v${number}`
}

/** Reads `v3` or `3`; undefined for anything else. */
export function parseReleaseName(text: string): number | undefined {
  const match = /^v?([1-9][0-9]{0,8})$/.exec(text)
  return match ? Number(match[1]) : undefined
}

/** An application's name is also a DNS label, a directory and part of a cgroup's path (RFC 1123, 2.1). */
export const appNamePattern = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/
