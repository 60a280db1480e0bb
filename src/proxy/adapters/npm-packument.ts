import { compare, maxSatisfying, prerelease, valid } from 'semver'
import type { Artifact } from '../../model/lock.ts'

/** The document that a registry has of a package, and what of it a build may see. */

export interface Packument {
  readonly 'dist-tags': Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, Fields>>
  readonly time?: Readonly<Record<string, unknown>>
}

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What of an object is text; nothing for what is no object. */
export function textsOf(value: unknown): Record<string, string> {
  const entries = isFields(value) ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** @returns undefined for what is no packument */
export function readPackument(fields: Fields | undefined): Packument | undefined {
  if (!fields || !isFields(fields['versions']) || !isFields(fields['dist-tags'])) return undefined
  const versions = Object.entries(fields['versions']).filter((entry): entry is [string, Fields] => isFields(entry[1]))
  const { time } = fields
  return {
    ...fields,
    'dist-tags': textsOf(fields['dist-tags']),
    versions: Object.fromEntries(versions),
    ...(isFields(time) ? { time } : {}),
  }
}

export interface Sight {
  readonly asOf: Date | undefined
  /** Locked earlier, and to stay: if there are some, nothing else is seen. */
  readonly held: readonly Artifact[]
}

/** A packument without what a build may not see; a version whose time is not told cannot be older than anything. */
export function seenThrough({ asOf, held }: Sight, packument: Packument): Packument {
  const { time = {} } = packument
  const isHeld = (version: string) => held.some((artifact) => artifact.version === version)
  const isOld = (version: string) => timeOf(time[version]) <= Number(asOf)
  const isSeen = held.length > 0 ? isHeld : asOf ? isOld : () => true
  const versions = Object.entries(packument.versions).filter(([version]) => isSeen(version))
  const hidden = new Set(Object.keys(packument.versions).filter((version) => !isSeen(version)))
  const times = Object.entries(time).filter(([version]) => !hidden.has(version))
  return {
    ...packument,
    versions: Object.fromEntries(versions),
    'dist-tags': tagsFor({ versions: versions.map(([version]) => version), before: packument['dist-tags'], held }),
    ...(packument.time ? { time: Object.fromEntries(times) } : {}),
  }
}

interface Tagging {
  readonly versions: readonly string[]
  readonly before: Readonly<Record<string, string>>
  readonly held: readonly Artifact[]
}

/** Tags of what is left. There must be a `latest`: `npm install NAME` means it. */
function tagsFor({ versions, before, held }: Tagging): Record<string, string> {
  const kept = Object.entries(before).filter(([, version]) => versions.includes(version))
  const tags = { ...Object.fromEntries(kept), ...tagsOf(held.filter(({ version }) => versions.includes(version))) }
  if (tags['latest'] !== undefined || versions.length === 0) return tags
  const limit = before['latest']
  // A higher version may have been a preview under another tag.
  const latest = (limit !== undefined && maxSatisfying([...versions], `<=${limit}`, loose)) || newest(versions)
  return latest === undefined ? tags : { ...tags, latest }
}

/** What the tags of artifacts say; the highest version where two have the same. */
export function tagsOf(artifacts: readonly Artifact[]): Record<string, string> {
  const ascending = artifacts.toSorted((one, other) => compareVersions(one.version, other.version))
  return Object.fromEntries(ascending.flatMap(({ version, tags = [] }) => tags.map((tag) => [tag, version])))
}

/** The highest version, a stable one if there is any. */
export function newest(versions: readonly string[]): string | undefined {
  const ascending = versions.toSorted(compareVersions)
  const isStable = (version: string) => isVersion(version) && prerelease(version, loose) === null
  return ascending.findLast(isStable) ?? ascending.at(-1)
}

/** Whether it is a version, and without the spaces around it that are forgiven elsewhere. */
export function isVersion(text: string): boolean {
  return /^[!-~]+$/.test(text) && valid(text, loose) !== null
}

/** Milliseconds since 1970; NaN, which is neither before nor after anything, for what is no time. */
function timeOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : NaN
}

/** Versions of npm's first years are written in other ways, such as `1.0.0beta`. */
const loose = { loose: true }

/** Versions that are none come first. */
function compareVersions(one: string, other: string): number {
  const [left, right] = [valid(one, loose), valid(other, loose)]
  if (left === null || right === null) return Number(left !== null) - Number(right !== null)
  return compare(left, right)
}
