import type { Artifact } from '../../model/lock.ts'

/** Where things are in a Debian archive: which file of which archive a URL means (wiki: DebianRepository/Format). */

/**
 * A host and a path, decoded: the same file has one place, whichever scheme it is fetched by, and however a version of
 * apt escapes `+` and `~`.
 */
export type Place = string

export type DebianFile =
  | { readonly kind: 'release'; readonly name: ReleaseName; readonly directory: Place }
  | { readonly kind: 'index' }
  | { readonly kind: 'package' }

const releaseNames = ['InRelease', 'Release', 'Release.gpg'] as const
export type ReleaseName = (typeof releaseNames)[number]

export function placeOf(url: URL): Place {
  return url.host + decoded(url.pathname).replaceAll(/\/{2,}/g, '/')
}

export function placeOfArtifact({ url }: Artifact): Place {
  const parsed = URL.parse(url)
  return parsed ? placeOf(parsed) : url
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // a stray %
  }
}

const indexName =
  /^(Packages|Sources|Index|(Contents|Translation|Components|Commands|icons)-[^/]*)(\.(xz|gz|bz2|lz4|lzma|zst|tar|yml))*$/

/** What a place is by its own name; a flat repository shows no more than that. */
export function fileAt(place: Place): DebianFile | undefined {
  const name = place.slice(place.lastIndexOf('/') + 1)
  if (/\.(deb|udeb|ddeb)$/.test(name)) return { kind: 'package' }
  const isOfComponent = /\/(binary-[^/]+|source)\/Release$/.test(place)
  const release = releaseNames.find((known) => known === name)
  if (release && !isOfComponent) return { kind: 'release', name: release, directory: place.slice(0, -name.length) }
  if (isOfComponent || indexName.test(name) || /\/by-hash\/[^/]+\/[0-9a-f]+$/.test(place)) return { kind: 'index' }
  return /\.diff\/[^/]+$/.test(place) ? { kind: 'index' } : undefined
}

/** apt says who it is. */
export function isApt(headers: Readonly<Record<string, string>>): boolean {
  return /^Debian APT-/.test(headers['user-agent'] ?? '')
}

/** The directory of a release, taken apart. */
export type ReleaseDirectory =
  | { readonly kind: 'suite'; readonly base: Place; readonly suite: string }
  /** A flat repository: one directory; its packages are named relative to it, or to a directory above it. */
  | { readonly kind: 'flat'; readonly directory: Place }

export function parseDirectory(directory: Place): ReleaseDirectory {
  const at = directory.lastIndexOf('/dists/')
  if (at < 0) return { kind: 'flat', directory }
  return { kind: 'suite', base: directory.slice(0, at + 1), suite: directory.slice(at + '/dists/'.length, -1) }
}

/** The directories above a flat repository, itself first: `Filename` may be relative to any of them. */
export function basesOf(directory: Place): Place[] {
  const bases = [directory]
  for (let slash = directory.length - 1; (slash = directory.lastIndexOf('/', slash - 1)) > 0;) {
    bases.push(directory.slice(0, slash + 1))
  }
  return bases
}

/** Follows a `Filename`. @returns undefined for one that leads out of its archive */
export function resolve(base: Place, fileName: string): Place | undefined {
  const steps = fileName.split('/').filter((step) => step !== '' && step !== '.')
  return steps.length === 0 || steps.includes('..') ? undefined : base + steps.join('/')
}

/** Name and version of a package as its file's name tells them, which leaves the epoch out. */
export function packageAt(place: Place): { name: string; version: string; architecture: string } {
  const stem = place.slice(place.lastIndexOf('/') + 1).replace(/\.[a-z]+$/, '')
  const [name = stem, version = '', architecture = ''] = stem.split('_')
  return { name, version: decoded(version), architecture }
}
