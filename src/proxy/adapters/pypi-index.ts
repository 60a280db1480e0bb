import type { Artifact } from '../../model/lock.ts'
import { fileNameOf, parseFileName, type FileName } from './pypi-name.ts'
import { compareVersions, isPreRelease } from './pypi-version.ts'

/** One file of a project, as an index describes it (PEP 503, 592, 658, 691, 700, 714). */
export interface IndexFile extends FileName {
  readonly file: string
  /** Absolute, without a fragment. */
  readonly url: string
  /** In hexadecimal, by the algorithm's name. */
  readonly hashes: Readonly<Record<string, string>>
  readonly requiresPython?: string
  /** Bytes. */
  readonly size?: number
  /** RFC 3339, as the index wrote it. */
  readonly uploaded?: string
  /** The reason, or true where none was given. */
  readonly yanked?: string | true | undefined
  /** Whether its metadata are at its URL + `.metadata`; their hashes where the index tells them. */
  readonly metadata?: true | Readonly<Record<string, string>>
}

/**
 * A file of the lock as an index describes it; undefined when neither its URL nor a tag is a name of a file.
 */
export function lockedFile(artifact: Artifact): IndexFile | undefined {
  const url = URL.parse(artifact.url)
  const named = [...(artifact.tags ?? []), ...(url ? [fileNameOf(url)] : [])]
    .map((file) => ({ file, name: parseFileName(file, artifact.name) }))
    .find(({ name }) => name !== undefined)
  if (!url || !named?.name) return undefined
  const { sha256, size } = artifact
  url.hash = ''
  return {
    ...named.name,
    file: named.file,
    url: url.href,
    hashes: { sha256 },
    size,
    ...(named.name.type === 'wheel' ? { metadata: true } : {}),
  }
}

/** The versions of some files, lowest first. */
export function versionsOf(files: readonly IndexFile[]): string[] {
  return [...new Set(files.map(({ version }) => version))].toSorted(compareVersions)
}

/** What an installer takes when nothing is said about the version. */
export function newestVersion(files: readonly IndexFile[]): string | undefined {
  const versions = versionsOf(files)
  return versions.findLast((version) => !isPreRelease(version)) ?? versions.at(-1)
}
