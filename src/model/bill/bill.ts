import { createHash } from 'node:crypto'
import { isAbsent, type Artifact, type Lock } from '../lock.ts'
import type { Digest } from '../names.ts'

/** What a bill of materials, or a statement of provenance, is about. */
export interface Subject {
  readonly app: string
  readonly image: Digest
  readonly lock: Lock
  readonly lockDigest: Digest
  readonly treeDigest: Digest
}

/** What was needed to build the image, but is not in it. */
export function isOnlyForBuild({ part }: Artifact): boolean {
  return part === 'build'
}

/** Everything of a lock once; the same file may be recorded for two steps. */
export function distinctArtifacts({ artifacts }: Lock): Artifact[] {
  const known = new Map<string, Artifact>()
  for (const artifact of artifacts) {
    if (isAbsent(artifact)) continue
    const key = identityOf(artifact)
    // What is in the image as well is not only for the build.
    if (!known.has(key) || !isOnlyForBuild(artifact)) known.set(key, artifact)
  }
  return [...known.values()]
}

/** A name for an artifact inside of one document, made of nothing but the artifact. */
export function identityOf({ kind, name, version, sha256 }: Artifact): string {
  return `${kind}-${shortHash([kind, name, version, sha256].join('\0'))}`
}

/** A UUID that is always the same for the same text (RFC 9562, 5.8, version 8). */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
