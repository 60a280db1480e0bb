import { isVersion, normaliseVersion } from './pypi-version.ts'

/** What the name of a file says: all that a client goes by when it chooses one. */
export interface FileName {
  /** Normalised (PEP 503). */
  readonly name: string
  /** Normalised (PEP 440) where that is possible. */
  readonly version: string
  readonly type: 'wheel' | 'sdist' | 'egg'
}

const longest = 255
const sdistEndings = ['.tar.gz', '.tgz', '.zip', '.tar.bz2', '.tbz', '.tar.xz', '.txz', '.tar.z', '.tar']

/** One spelling for all that mean the same project: `Flask_CORS` is `flask-cors` (PEP 503). */
export function normaliseName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase()
}

/** Whether a project can have this name (PEP 508). */
export function isProjectName(name: string): boolean {
  return name.length <= longest && /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(name)
}

/**
 * Reads the name of a wheel (PEP 427), a source archive (PEP 625 and all that was before it) or an egg.
 * @param project The normalised name of the project that it is said to belong to: without it the end of the name and
 *   the beginning of the version of a source archive are a guess.
 * @returns undefined for what is none of them, or belongs to another project
 */
export function parseFileName(file: string, project?: string): FileName | undefined {
  if (file.length > longest || !/^[\w.!+-]+$/.test(file)) return undefined
  const found = parseWheel(file) ?? parseEgg(file) ?? parseSdist(file, project)
  return found && (project === undefined || found.name === project) ? found : undefined
}

function parseWheel(file: string): FileName | undefined {
  if (!file.toLowerCase().endsWith('.whl')) return undefined
  const parts = file.slice(0, -'.whl'.length).split('-')
  const [name = '', version = ''] = parts
  if (parts.length < 5 || parts.length > 6 || !isProjectName(name) || !version) return undefined
  return { name: normaliseName(name), version: normaliseVersion(version), type: 'wheel' }
}

function parseEgg(file: string): FileName | undefined {
  const match = /^([^-]+)-([^-]+)(?:-py\d[^-]*(?:-.+)?)?\.egg$/i.exec(file)
  const [, name = '', version = ''] = match ?? []
  // An egg writes `_` for `-`, in versions too.
  return match && isProjectName(name)
    ? { name: normaliseName(name), version: normaliseVersion(version.replaceAll('_', '-')), type: 'egg' }
    : undefined
}

function parseSdist(file: string, project: string | undefined): FileName | undefined {
  const ending = sdistEndings.find((each) => file.toLowerCase().endsWith(each))
  if (ending === undefined) return undefined
  const stem = file.slice(0, -ending.length)
  const splits = [...stem.matchAll(/-/g)].map(({ index }) => [stem.slice(0, index), stem.slice(index + 1)] as const)
  const fitting = splits.filter(([name, version]) => isProjectName(name) && version !== '')
  const split =
    project === undefined
      ? (fitting.find(([, version]) => isVersion(version)) ?? fitting.find(([, version]) => /^\d/.test(version)))
      : fitting.find(([name]) => normaliseName(name) === project)
  return split && { name: normaliseName(split[0]), version: normaliseVersion(split[1]), type: 'sdist' }
}

/** The name of the file that a URL leads to. */
export function fileNameOf(url: URL): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}
