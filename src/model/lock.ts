import type { Digest } from './names.ts'

/** What `berth.lock` holds: everything that a build fetched, by hash; no index, no metadata, nothing that changes. */

export const artifactKinds = ['deb', 'pypi', 'npm', 'go', 'git', 'http', 'image'] as const
export type ArtifactKind = (typeof artifactKinds)[number]

/** What of a plan an artifact belongs to; absent for what commands of a build fetch themselves. */
export const parts = ['base', 'runtime', 'build', 'toolchain'] as const
export type Part = (typeof parts)[number]

/** One thing that never changes: a package, a source archive, a commit. */
export interface Artifact {
  readonly kind: ArtifactKind
  /** Normalised as its ecosystem writes it; the URL itself where there is no name. */
  readonly name: string
  readonly version: string
  /** Where it was fetched, without credentials. */
  readonly url: string
  readonly sha256: string
  /** Bytes. */
  readonly size: number
  readonly part?: Part
  /** Names that stood for this version when it was recorded: npm's dist-tags, a git ref. */
  readonly tags?: readonly string[]
}

export function digestOf({ sha256 }: Artifact): Digest {
  return `sha256:${sha256}`
}

/** Beginning of the tag of an artifact without content: its URL answered 404 or 410 when it was recorded. */
export const absentTag = 'absent:'

/** Whether an artifact says that there was nothing: it has to be nothing in a replay, and there is nothing to fetch. */
export function isAbsent({ kind, tags = [] }: Pick<Artifact, 'kind' | 'tags'>): boolean {
  return kind === 'http' && tags.some((tag) => tag.startsWith(absentTag))
}

/** One line of what the lock was made for, such as `flask ==0.10.1` in requirements.txt. */
export interface LockedInput {
  /** `berth.toml`, or the path of a file in the tree. */
  readonly file: string
  readonly name: string
  readonly value: string
}

export interface Lock {
  /** Version of the file's format. */
  readonly format: 1
  /** Raised when the same inputs come to another image. */
  readonly recipe: number
  /** Seconds since 1970: SOURCE_DATE_EPOCH of everything that is built with it. */
  readonly time: number
  /** Debian's name of the processor. */
  readonly architecture: string
  /** RFC 3339: what was published later was not seen. */
  readonly asOf?: string
  readonly inputs: readonly LockedInput[]
  readonly artifacts: readonly Artifact[]
}

export const lockFormat = 1

export const lockFileName = 'berth.lock'
/** Bytes. */
export const largestLock = 64 * 1024 ** 2
