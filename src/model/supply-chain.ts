import { z } from 'zod'
import { billFormats } from './bill/formats.ts'
import type { LockChange } from './lock-changes.ts'
import { appNamePattern, isDigest, type Digest } from './names.ts'

/** Questions about what applications are made of, as client and daemon pass them (see api.ts). */

const AppName = z.string().regex(appNamePattern)
const DigestText = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'must be a digest')

/** A lock of the client's, or that of the release of an application that serves. */
export const LockChoice = z.union([
  z.strictObject({ lock: z.string(), lockPath: z.string() }),
  z.strictObject({ app: AppName }),
])
export type LockChoice = z.infer<typeof LockChoice>

/** A locked package of which its registry has a newer version. */
export interface OutdatedPackage {
  kind: string
  name: string
  /** Several versions are joined by a blank. */
  locked: string
  newest: string
  /** What keeps it from being taken, beside the lock itself, as far as that is known. */
  heldBy?: string
}

/** A locked package of which is not known whether there is a newer version. */
export interface UnknownPackage {
  kind: string
  name: string
  reason: string
}

/** One side of a comparison. */
export const DiffSide = z.discriminatedUnion('kind', [
  /** Without a number: the release that serves. */
  z.strictObject({ kind: z.literal('release'), app: AppName, number: z.int().min(1).optional() }),
  /** The release that served before the one that serves. */
  z.strictObject({ kind: z.literal('earlier'), app: AppName }),
  z.strictObject({ kind: z.literal('image'), digest: DigestText }),
  z.strictObject({ kind: z.literal('lock'), lock: z.string(), lockPath: z.string() }),
])
export type DiffSide = z.infer<typeof DiffSide>

export const DiffRequest = z.strictObject({
  from: DiffSide,
  to: DiffSide,
  /** How many files to list. */
  files: z.int().min(0).max(1_000_000),
})
export type DiffRequest = z.infer<typeof DiffRequest>

/** What differs between two releases, images or locks. A part that one of them does not have is absent. */
export interface Difference {
  /** How to name the two sides. */
  from: string
  to: string
  packages?: LockChange[]
  files?: FileDifference
  settings?: SettingChange[]
  run?: RunChange[]
  /** Why a part that could be there is not. */
  notes: string[]
}

export interface FileDifference {
  added: number
  removed: number
  changed: number
  /** The first of them, by path. */
  list: FileChange[]
  /** How many files have nothing but another time; they are not among the changed. */
  otherTime: number
}

export interface FileChange {
  change: 'added' | 'removed' | 'changed'
  path: string
  /** Bytes before and after; for regular files. */
  from?: number
  to?: number
  /** What of it changed, such as `mode 644 became 755`. */
  detail: string
}

/** By name alone: values are nobody's business here. */
export interface SettingChange {
  change: 'added' | 'removed' | 'changed'
  name: string
  secret: boolean
}

/** How a release runs; variables of the image by name alone. */
export interface RunChange {
  name: string
  from?: string
  to?: string
}

export const AffectedRequest = z.strictObject({ query: z.string().max(1000) })
export type AffectedRequest = z.infer<typeof AffectedRequest>

/** Which releases have a version of a package that somebody asks about. */
export interface AffectedReport {
  query: string
  found: AffectedRelease[]
  /** How many releases were looked through. */
  releases: number
  /** What the operator should know, such as releases whose lock is gone. */
  notes: string[]
}

export interface AffectedRelease {
  app: string
  release: string
  kind: string
  package: string
  version: string
  /** The Debian source package, when it has another name. */
  source?: string
  /** Whether it is the release that serves, or would if it were not for a crash. */
  serves: boolean
  /** Whether the package was only there while the image was built. */
  onlyBuild: boolean
}

/** Which document about a release; numbers are those of its name. */
export const DocumentQuestion = z.strictObject({
  release: z.coerce.number().int().min(1).optional(),
  format: z.enum(billFormats).default('cyclonedx'),
})
export type DocumentQuestion = z.infer<typeof DocumentQuestion>
