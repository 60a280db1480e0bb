import { compareBuild, prerelease } from 'semver'
import { timeOfPseudoVersion } from './go-requests.ts'

/** The version that `@latest` means: the highest release, or else the highest preview, or else the latest commit. */
export function latestOf(versions: readonly string[]): string | undefined {
  const ascending = versions.toSorted(compareBuild)
  const isTagged = (version: string) => timeOfPseudoVersion(version) === undefined
  return (
    ascending.findLast((version) => prerelease(version) === null) ?? ascending.findLast(isTagged) ?? ascending.at(-1)
  )
}

/** A list as `/@v/list` has it, which knows no commits. */
export function listOf(versions: readonly string[]): string {
  const tagged = versions.filter((version) => timeOfPseudoVersion(version) === undefined)
  return tagged
    .toSorted(compareBuild)
    .map((version) => `${version}\n`)
    .join('')
}

/** What `.info` and `/@latest` answer. */
export interface Info {
  readonly Version: string
  readonly Time?: string
}

/** @returns undefined for what is none */
export function readInfo(body: Buffer): Info | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (typeof value !== 'object' || value === null || !('Version' in value)) return undefined
    const { Version } = value
    if (typeof Version !== 'string') return undefined
    const time = 'Time' in value && typeof value.Time === 'string' ? { Time: value.Time } : {}
    return { Version, ...time }
  } catch {
    return undefined
  }
}
