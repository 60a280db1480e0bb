import { createHash } from 'node:crypto'
import type { Artifact } from '../../model/lock.ts'
import type { Shelf } from '../adapter.ts'
import { field, indexEntry, priorityTag } from './debian-control.ts'
import { readControls, type Controls } from './debian-package.ts'
import { parseDirectory, placeOfArtifact, type Place } from './debian-place.ts'

/** Archives that hold what a lock holds: their indexes are made of the packages' own control files. */

/** Files of a release by their path in its directory, `Release` among them. */
type Files = ReadonlyMap<string, string>

export class SynthesisedArchives {
  readonly #made = new Map<Place, Promise<Files>>()

  /** The file `Release` of a suite's directory, or of a flat repository. */
  async release(directory: Place, shelf: Shelf): Promise<string> {
    const made = this.#made.get(directory) ?? makeFiles(directory, shelf)
    this.#made.set(directory, made)
    return releaseOf(directory, await made)
  }

  /** An index of a release that was asked for before: a client knows its indexes from there alone. */
  async index(place: Place): Promise<string | undefined> {
    for (const [directory, made] of this.#made) {
      if (!place.startsWith(directory)) continue
      const content = (await made).get(place.slice(directory.length))
      if (content !== undefined) return content
    }
    return undefined
  }
}

async function makeFiles(directory: Place, shelf: Shelf): Promise<Files> {
  // In an archive's own order, by name: among equals apt installs what comes first, and users get their numbers so.
  const packages = shelf.artifacts
    .filter(({ kind }) => kind === 'deb')
    .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0))
  const parsed = parseDirectory(directory)
  if (parsed.kind === 'suite') return makeSuite(parsed, packages, shelf)
  const listed = packages.flatMap((artifact) => basesInFlat(artifact, directory).map((base) => ({ artifact, base })))
  const controls = await readControls(
    listed.map(({ artifact }) => artifact),
    shelf,
  )
  return new Map([['Packages', listed.map(({ artifact, base }) => entryOf(artifact, base, controls)).join('\n')]])
}

/** What Debian is made for. apt passes over an architecture of which a release has no packages. */
const architectures = [
  ...['amd64', 'arm64', 'armel', 'armhf', 'i386', 'loong64', 'mips64el', 'mipsel', 'ppc64el', 'riscv64', 's390x'],
]

async function makeSuite(
  { base, suite }: { readonly base: Place; readonly suite: string },
  packages: readonly Artifact[],
  shelf: Shelf,
): Promise<Files> {
  const listed = packages.flatMap((artifact) =>
    componentsIn(artifact, base, suite).map((component) => ({ artifact, component })),
  )
  const controls = await readControls(
    listed.map(({ artifact }) => artifact),
    shelf,
  )
  // There is at least one component, because apt warns of a release that promises nothing at all.
  const components = new Set(['main', ...listed.map(({ component }) => component)])
  const files = new Map<string, string>()
  for (const component of components) {
    const members = listed.filter((one) => one.component === component).map(({ artifact }) => artifact)
    for (const architecture of architectures) {
      const fitting = members.filter((artifact) => isFor(architecture, controls.get(artifact)))
      const entries = fitting.map((artifact) => entryOf(artifact, base, controls))
      files.set(`${component}/binary-${architecture}/Packages`, entries.join('\n'))
    }
    files.set(`${component}/source/Sources`, '') // locks hold no sources; without it apt warns
  }
  return files
}

function isFor(architecture: string, control: string | undefined): boolean {
  return control !== undefined && ['all', architecture].includes(field(control, 'Architecture') ?? '')
}

function entryOf(artifact: Artifact, base: Place, controls: Controls): string {
  const { sha256, size } = artifact
  const fileName = placeOfArtifact(artifact).slice(base.length)
  const control = controls.get(artifact) ?? ''
  return indexEntry(control, {
    Priority: priorityOf(artifact, control),
    Filename: fileName,
    Size: size,
    SHA256: sha256,
  })
}

function priorityOf({ tags = [] }: Artifact, control: string): string {
  const known = tags.find((tag) => tag.startsWith(priorityTag))?.slice(priorityTag.length)
  return known ?? (tags.length > 0 ? 'optional' : (field(control, 'Priority') ?? 'optional'))
}

/** Where a package was listed, as far as its lock tells. */
function listingsOf({ tags = [] }: Artifact): string[] {
  return tags.filter((tag) => !tag.startsWith(priorityTag))
}

/** In which components of a suite a package is listed; in each suite of its archive when the lock names none. */
function componentsIn(artifact: Artifact, base: Place, suite: string): string[] {
  const place = placeOfArtifact(artifact)
  if (!place.startsWith(base)) return []
  const tags = listingsOf(artifact)
  if (tags.length === 0) return [/\/pool\/(?:updates\/)?([^/]+)\//.exec(place)?.[1] ?? 'main']
  return tags
    .filter((tag) => tag.startsWith(`${suite}/`) && !tag.endsWith('/'))
    .map((tag) => tag.slice(suite.length + 1))
}

/** What the `Filename` of a package in a flat repository is relative to; nothing when it is not in there. */
function basesInFlat(artifact: Artifact, directory: Place): Place[] {
  const tags = listingsOf(artifact)
  const bases = (tags.length === 0 ? ['./'] : tags).flatMap((tag) => {
    if (tag === './') return [directory]
    return tag.endsWith('/') && directory.endsWith(`/${tag}`) ? [directory.slice(0, -tag.length)] : []
  })
  return bases.filter((base) => placeOfArtifact(artifact).startsWith(base)).slice(0, 1)
}

/** The rules of Debian's own suites from which only what is asked for is installed (apt_preferences(5)). */
function rulesOf(suite: string): string[] {
  if (/-backports(-sloppy)?$/.test(suite)) return ['NotAutomatic: yes', 'ButAutomaticUpgrades: yes']
  return /^(experimental|rc-buggy)$/.test(suite) ? ['NotAutomatic: yes'] : []
}

/**
 * apt keeps what it has if that is younger, and an image may have brought lists along. The date is always the same,
 * because apt's lists may stay in the image.
 */
const releaseDate = 'Fri, 01 Jan 2100 00:00:00 GMT'

function releaseOf(directory: Place, files: Files): string {
  const parsed = parseDirectory(directory)
  const lines = parsed.kind === 'suite' ? suiteLines(parsed.suite) : []
  const hashes = [...files].map(([path, content]) => ` ${sha256(content)} ${Buffer.byteLength(content)} ${path}`)
  return [...lines, `Date: ${releaseDate}`, 'SHA256:', ...hashes, ''].join('\n')
}

function suiteLines(suite: string): string[] {
  return [`Suite: ${suite}`, `Codename: ${suite}`, ...rulesOf(suite), `Architectures: ${architectures.join(' ')}`]
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}
