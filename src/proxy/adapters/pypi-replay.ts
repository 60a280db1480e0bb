import { digestOf, type Artifact } from '../../model/lock.ts'
import type { BuildAnswer, BuildRequest, Shelf } from '../adapter.ts'
import { lockedFile, type IndexFile } from './pypi-index.ts'
import { readRequiresPython, readWheelMetadata } from './pypi-metadata.ts'
import { fileNameOf, type FileName } from './pypi-name.ts'
import { readRequest, type PypiRequest } from './pypi-request.ts'
import { linksPage, plainAnswer, projectPage, releaseDocument, rootPage } from './pypi-write.ts'

/** A file of the lock, and how an index shows it. */
interface Shelved {
  readonly artifact: Artifact
  readonly file: IndexFile
}

/**
 * Some clients leave out files that were published after a day of their own, and those without a time. Whatever is in
 * the lock passed that test when it was recorded.
 */
const uploaded = '2000-01-01T00:00:00.000000Z'

/** An index that has nothing but what is locked. */
export class PypiReplay {
  /** By SHA-256. */
  readonly #requiresPython = new Map<string, Promise<string | undefined>>()

  async answer(request: BuildRequest, shelf: Shelf): Promise<BuildAnswer | undefined> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const shelved = shelvedFiles(shelf.artifacts)
    const exact = shelved.find(({ file }) => isSameAddress(file.url, request.url))
    if (exact) return provide(exact, shelf)
    // A file that was fetched as such has an adapter of its own.
    if (shelf.artifacts.some(({ kind, url }) => kind !== 'pypi' && isSameAddress(url, request.url))) return undefined
    const wanted = readRequest(request)
    return wanted && this.#answer(wanted, { request, shelf, shelved })
  }

  #answer(wanted: PypiRequest, { request, shelf, shelved }: Question): Promise<BuildAnswer> | BuildAnswer {
    const { url, headers } = request
    switch (wanted.kind) {
      case 'root':
        return rootPage(namesOf(shelved), url, headers['accept'])
      case 'project':
        return this.#project(wanted.name, wanted.isSurely, { request, shelf, shelved })
      case 'links':
        return linksPage(shelved.map(({ file }) => file))
      case 'release':
        return this.#release(wanted.name, wanted.version, { request, shelf, shelved })
      case 'metadata':
        return metadataOf(sameFile(shelved, wanted.url), wanted.name, shelf)
      case 'file': {
        const found = sameFile(shelved, url)
        return found ? provide(found, shelf) : missing(`${wanted.name.name} ${wanted.name.version}`)
      }
    }
  }

  async #project(name: string, isSurely: boolean, { request, shelf, shelved }: Question): Promise<BuildAnswer> {
    const files = await this.#files(name, shelf, shelved)
    if (files.length > 0) return projectPage(name, files, request.headers['accept'])
    // The page of a directory of files, for `--find-links`.
    const below = isSurely ? shelved.filter(({ file }) => isBelow(file.url, request.url)) : []
    return below.length > 0 ? linksPage(below.map(({ file }) => file)) : missing(name)
  }

  async #release(name: string, version: string | undefined, { shelf, shelved }: Question): Promise<BuildAnswer> {
    const files = await this.#files(name, shelf, shelved)
    return releaseDocument(name, version, files) ?? missing(version === undefined ? name : `${name} ${version}`)
  }

  /**
   * One version is what was chosen, whatever it says of interpreters. Where there are several, an installer has to be
   * kept from the ones that are for another interpreter, as it was when they were recorded.
   */
  async #files(name: string, shelf: Shelf, shelved: readonly Shelved[]): Promise<IndexFile[]> {
    const own = shelved.filter(({ file }) => file.name === name)
    const isOneVersion = new Set(own.map(({ file }) => file.version)).size <= 1
    return Promise.all(
      own.map(async ({ artifact, file }) => {
        const requiresPython = isOneVersion ? undefined : await this.#readRequiresPython(artifact, file, shelf)
        return { ...file, uploaded, ...(requiresPython === undefined ? {} : { requiresPython }) }
      }),
    )
  }

  #readRequiresPython(artifact: Artifact, file: IndexFile, shelf: Shelf): Promise<string | undefined> {
    const known = this.#requiresPython.get(artifact.sha256)
    if (known) return known
    // What cannot be had is told when the file itself is asked for; it may be one that nobody installs.
    const read = shelf.provide(artifact).then(
      (path) => readRequiresPython(path, file.file, file),
      () => undefined,
    )
    this.#requiresPython.set(artifact.sha256, read)
    return read
  }
}

interface Question {
  readonly request: BuildRequest
  readonly shelf: Shelf
  readonly shelved: readonly Shelved[]
}

function shelvedFiles(artifacts: readonly Artifact[]): Shelved[] {
  return artifacts.flatMap((artifact) => {
    const file = artifact.kind === 'pypi' ? lockedFile(artifact) : undefined
    return file ? [{ artifact, file }] : []
  })
}

function namesOf(shelved: readonly Shelved[]): string[] {
  return [...new Set(shelved.map(({ file }) => file.name))].toSorted()
}

/** A file by its name alone: a client may know it from a lock of its own, with the address of another mirror. */
function sameFile(shelved: readonly Shelved[], url: URL): Shelved | undefined {
  const name = fileNameOf(url)
  return shelved.find(({ file }) => isSameAddress(file.url, url)) ?? shelved.find(({ file }) => file.file === name)
}

/** Clients write `+` and `%2B` as they like. */
export function isSameAddress(one: string, other: URL): boolean {
  return addressKey(one) === addressKey(other.href)
}

/** Equal for addresses of the same file. */
export function addressKey(address: string): string {
  const url = URL.parse(address)
  if (!url) return address
  try {
    return `${url.origin}${decodeURIComponent(url.pathname)}${url.search}`
  } catch {
    return `${url.origin}${url.pathname}${url.search}`
  }
}

function isBelow(address: string, directory: URL): boolean {
  const { origin, pathname } = directory
  return addressKey(address).startsWith(addressKey(`${origin}${pathname.replace(/\/?$/, '/')}`))
}

async function provide({ artifact }: Shelved, shelf: Shelf): Promise<BuildAnswer> {
  await shelf.provide(artifact)
  return fileAnswer(artifact)
}

/** An artifact as a client downloads it; pip must not keep it beside the lock. */
export function fileAnswer(artifact: Artifact): BuildAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' },
    body: { blob: digestOf(artifact) },
  }
}

async function metadataOf(wheel: Shelved | undefined, name: FileName, shelf: Shelf): Promise<BuildAnswer> {
  if (wheel?.file.type !== 'wheel') return missing(`${name.name} ${name.version}`)
  const path = await shelf.provide(wheel.artifact)
  const metadata = await readWheelMetadata(path, name.name)
  if (!metadata) return plainAnswer(404, `${wheel.file.file} has no metadata`)
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: metadata }
}

function missing(what: string): BuildAnswer {
  return { ...plainAnswer(404, `berth: ${what} is not in berth.lock; berth lock brings it in`), missing: what }
}
