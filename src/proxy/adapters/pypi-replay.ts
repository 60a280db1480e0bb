import { digestOf, type Artifact } from '../../model/lock.ts'
import type { BuildAnswer, BuildRequest, Shelf } from '../adapter.ts'
import type { IndexFile } from './pypi-index.ts'
import { readRequiresPython, readWheelMetadata } from './pypi-metadata.ts'
import type { FileName } from './pypi-name.ts'
import { readRequest, type PypiRequest } from './pypi-request.ts'
import { ShelvedFiles, type Shelved } from './pypi-shelved.ts'
import { linksPage, plainAnswer, projectPage, releaseDocument, rootPage } from './pypi-write.ts'

/**
 * Some clients leave out files that were published after a day of their own, and those without a time. Whatever is in
 * the lock passed that test when it was recorded.
 */
const uploaded = '2000-01-01T00:00:00.000000Z'

/** An index that has nothing but what is locked. */
export class PypiReplay {
  #read: { artifacts: readonly Artifact[]; files: ShelvedFiles } | undefined
  /** By SHA-256. */
  readonly #requiresPython = new Map<string, Promise<string | undefined>>()

  async answer(request: BuildRequest, shelf: Shelf): Promise<BuildAnswer | undefined> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const shelved = this.#filesOf(shelf)
    const exact = shelved.at(request.url)
    if (exact) return provide(exact, shelf)
    if (shelved.isOfOthers(request.url)) return undefined
    const wanted = readRequest(request)
    return wanted && this.#answer(wanted, { request, shelf, shelved })
  }

  #filesOf({ artifacts }: Shelf): ShelvedFiles {
    if (this.#read?.artifacts !== artifacts) this.#read = { artifacts, files: new ShelvedFiles(artifacts) }
    return this.#read.files
  }

  #answer(wanted: PypiRequest, question: Question): Promise<BuildAnswer | undefined> | BuildAnswer {
    const { request, shelf, shelved } = question
    switch (wanted.kind) {
      case 'root':
        return rootPage(shelved.projects, request.url, request.headers['accept'])
      case 'project':
        return this.#project(wanted, question)
      case 'links':
        return linksPage(shelved.all.map(({ file }) => file))
      case 'release':
        return this.#release(wanted, question)
      case 'metadata':
        return metadataOf(shelved.named(wanted.url), wanted.name, shelf)
      case 'file': {
        const found = shelved.named(request.url)
        return found ? provide(found, shelf) : missing(`${wanted.name.name} ${wanted.name.version}`)
      }
    }
  }

  async #project(
    { name, isSurely }: Extract<PypiRequest, { kind: 'project' }>,
    { request: { url, headers }, shelf, shelved }: Question,
  ): Promise<BuildAnswer | undefined> {
    const files = await this.#files(shelved.ofProject(name), shelf)
    if (files.length > 0) return projectPage(name, files, headers['accept'])
    // The page of a directory of files, for `--find-links`.
    const below = isSurely ? shelved.below(url) : []
    if (below.length > 0) return linksPage(below.map(({ file }) => file))
    // Somebody else's `…/simple/1.0.0`, such as npm's: the addresses of an index end in a slash.
    return isSurely || url.pathname.endsWith('/') ? missing(name) : undefined
  }

  async #release(
    { name, version }: Extract<PypiRequest, { kind: 'release' }>,
    { shelf, shelved }: Question,
  ): Promise<BuildAnswer> {
    const files = await this.#files(shelved.ofProject(name), shelf)
    return releaseDocument(name, version, files) ?? missing(version === undefined ? name : `${name} ${version}`)
  }

  /**
   * One version is what was chosen, whatever it says of interpreters. Where there are several, an installer has to be
   * kept from the ones that are for another interpreter, as it was when they were recorded.
   */
  async #files(own: readonly Shelved[], shelf: Shelf): Promise<IndexFile[]> {
    const isOneVersion = new Set(own.map(({ file }) => file.version)).size <= 1
    return Promise.all(
      own.map(async (each) => {
        const requiresPython = isOneVersion ? undefined : await this.#readRequiresPython(each, shelf)
        return { ...each.file, uploaded, ...(requiresPython === undefined ? {} : { requiresPython }) }
      }),
    )
  }

  #readRequiresPython({ artifact, file }: Shelved, shelf: Shelf): Promise<string | undefined> {
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
  readonly shelved: ShelvedFiles
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
  return { ...plainAnswer(404, `berth: ${what} is not in berth.lock; \`berth lock\` brings it in`), missing: what }
}
