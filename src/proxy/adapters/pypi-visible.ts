import type { Artifact } from '../../model/lock.ts'
import { lockedFile, type IndexFile } from './pypi-index.ts'
import { versionKey } from './pypi-version.ts'

/** What a build that is recorded may see of a project. */
export interface Limits {
  /** What was published later is hidden, file by file: a wheel may come years after its release. */
  readonly asOf: Date | undefined
  /** Files of an earlier lock: their versions alone are seen. */
  readonly held: readonly Artifact[]
}

export interface Visible {
  readonly files: readonly IndexFile[]
  /** How many are hidden because the index does not say when they were published. */
  readonly untimed: number
  /** How many are hidden because they were published later. */
  readonly later: number
}

/**
 * Build backends that need nothing but themselves. Installers want younger ones than an old source archive could know:
 * pip and uv ask for `setuptools >= 40.8`, of February 2019, for every archive that names no backend; and a backend has
 * to keep up with the interpreter. Backends with requirements, such as hatchling, are cut like everything else: what an
 * archive asks for of them was there when it was published, and with their requirements cut installers would go back
 * through all of their versions (35 of hatchling, measured) to find one that fits.
 */
const backends: ReadonlySet<string> = new Set([
  'setuptools',
  'wheel',
  'flit-core',
  'poetry-core',
  'pdm-backend',
  'pdm-pep517',
  'uv-build',
])

/**
 * Backends are seen as of this day at least. Not as of today: what an as-of date comes to should not change from one
 * day to the next, and setuptools is also asked for at run time, for its `pkg_resources`, which 82.0 (February 2026)
 * no longer has. 80.9, the last one before this day, has it, and works from Python 3.9 to 3.14; older interpreters are
 * kept from it by its `requires-python`.
 */
export const backendsAsOf = new Date('2025-06-01T00:00:00Z')

/** Hides what a build must not see. @param name The project's normalised name. */
export function hide(name: string, files: readonly IndexFile[], { asOf, held }: Limits): Visible {
  const kept = held.flatMap((artifact) => lockedFile(artifact) ?? [])
  const versions = new Set(held.map(({ version }) => versionKey(version)))
  const candidates = versions.size === 0 ? files : files.filter(({ version }) => versions.has(versionKey(version)))
  const times = candidates.map((file) => (isAmong(kept, file) ? 'seen' : timeOf(file, cutOf(name, asOf))))
  const seen = candidates.filter((_, index) => times[index] === 'seen')
  return {
    files: [
      // Clients leave out what was yanked; what is held is to stay.
      ...(versions.size === 0 ? seen : seen.map((file) => ({ ...file, yanked: undefined }))),
      // An index forgets; the content may still be in the store.
      ...kept.filter((file) => !isAmong(files, file)),
    ],
    untimed: times.filter((time) => time === 'untimed').length,
    later: times.filter((time) => time === 'later').length,
  }
}

function isAmong(files: readonly IndexFile[], { file, hashes }: IndexFile): boolean {
  return files.some((other) => {
    const [one, another] = [hashes['sha256'], other.hashes['sha256']]
    return other.file === file && (one === undefined || another === undefined || one === another)
  })
}

function cutOf(name: string, asOf: Date | undefined): Date | undefined {
  return asOf && backends.has(name) && asOf < backendsAsOf ? backendsAsOf : asOf
}

function timeOf({ uploaded }: IndexFile, cut: Date | undefined): 'seen' | 'later' | 'untimed' {
  if (!cut) return 'seen'
  const time = uploaded === undefined ? undefined : readTime(uploaded)
  if (!time) return 'untimed'
  return time > cut ? 'later' : 'seen'
}

/** RFC 3339; without a zone it is UTC, whatever this host's is. Finer than milliseconds is cut off. */
export function readTime(text: string): Date | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)([Zz]|[+-]\d\d:\d\d)?$/.exec(text)
  if (!match) return undefined
  const [, day = '', time = '', zone = 'Z'] = match
  const date = new Date(`${day}T${time}${zone.toUpperCase()}`)
  return Number.isNaN(date.getTime()) ? undefined : date
}
