import { createHash, getHashes } from 'node:crypto'
import { readChunks } from '../../host/hashing-file.ts'
import type { Artifact } from '../../model/lock.ts'
import { hashMismatch } from '../../model/problems/install.ts'
import type { BuildAnswer, BuildRequest, Document, Recorder } from '../adapter.ts'
import { acceptBest } from './pypi-accept.ts'
import type { IndexFile } from './pypi-index.ts'
import { fileNameOf } from './pypi-name.ts'
import { readPage } from './pypi-read.ts'
import { addressKey, fileAnswer } from './pypi-replay.ts'
import { readRequest, type PypiRequest } from './pypi-request.ts'
import { hide, type Visible } from './pypi-visible.ts'
import { linksPage, plainAnswer, projectPage, releaseDocument, rootPage } from './pypi-write.ts'

/** What a file is called, and what its index promised of it. */
type Known = Pick<IndexFile, 'name' | 'version' | 'file' | 'hashes'>

/** Lets a build see a real index as it was, and takes what it downloads. */
export class PypiRecord {
  /** The links of all pages that were served, by their address. */
  readonly #known = new Map<string, Known>()
  /** Whether a server answers with parts of a file, by the file's address. */
  readonly #servesParts = new Map<string, Promise<boolean>>()
  readonly #noticed = new Set<string>()

  async answer(request: BuildRequest, recorder: Recorder): Promise<BuildAnswer | undefined> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const known = this.#known.get(addressKey(request.url.href))
    if (known) return this.#file(known, request, recorder)
    const wanted = readRequest(request)
    return wanted && this.#answer(wanted, request, recorder)
  }

  async #answer(wanted: PypiRequest, request: BuildRequest, recorder: Recorder): Promise<BuildAnswer | undefined> {
    const { url, headers } = request
    switch (wanted.kind) {
      case 'root':
        // The real one has every project there is; who asks for it looks for one that its page did not have.
        return rootPage(recordedNames(recorder), url, headers['accept'])
      case 'project': {
        const page = await this.#page(wanted, request, recorder)
        return Array.isArray(page) ? projectPage(wanted.name, page, headers['accept']) : page
      }
      case 'links':
        return this.#links(request, recorder)
      case 'release':
        return this.#release(wanted, request, recorder)
      case 'metadata':
        return pass(await recorder.ask(url, { method: request.method, headers: credentials(request) }))
      case 'file':
        return this.#file({ ...wanted.name, file: fileNameOf(url), hashes: {} }, request, recorder)
    }
  }

  /** @returns what may be seen of a project, or another answer than a page, or undefined when it is no index */
  async #page(
    { name, address, isSurely }: { name: string; address: URL; isSurely: boolean },
    request: BuildRequest,
    recorder: Recorder,
  ): Promise<IndexFile[] | BuildAnswer | undefined> {
    const held = recorder.held('pypi', name)
    const document = await recorder.ask(address, { headers: { ...credentials(request), accept: acceptBest } })
    const isGone = document.status === 404 && held.length > 0
    if (document.status !== 200 && !isGone) return isSurely ? pass(document) : undefined
    const files = isGone ? [] : readPage(document, name, isSurely)
    if (!files) return undefined
    const visible = hide(name, files, { asOf: recorder.asOf, held })
    this.#explain(name, address.host, visible, recorder)
    return this.#remember(visible.files)
  }

  async #links(request: BuildRequest, recorder: Recorder): Promise<BuildAnswer | undefined> {
    const { url } = request
    const document = await recorder.ask(url, { headers: { ...credentials(request), accept: acceptBest } })
    if (document.status !== 200) return pass(document)
    const files = readPage(document, undefined, true)
    if (!files) return undefined
    const names = [...new Set(files.map(({ name }) => name))]
    const visible = names.flatMap((name) => {
      const own = files.filter((file) => file.name === name)
      const limits = { asOf: recorder.asOf, held: recorder.held('pypi', name) }
      const seen = hide(name, own, limits)
      this.#explain(name, url.host, seen, recorder)
      return seen.files
    })
    return linksPage(this.#remember(visible))
  }

  async #release(
    wanted: Extract<PypiRequest, { kind: 'release' }>,
    request: BuildRequest,
    recorder: Recorder,
  ): Promise<BuildAnswer | undefined> {
    const page = await this.#page({ ...wanted, isSurely: true }, request, recorder)
    if (!Array.isArray(page)) return page
    const { name, version } = wanted
    return releaseDocument(name, version, page) ?? plainAnswer(404, `there is no release ${version ?? ''} of ${name}`)
  }

  #remember(files: readonly IndexFile[]): IndexFile[] {
    for (const file of files) this.#known.set(addressKey(file.url), file)
    return [...files]
  }

  async #file(known: Known, request: BuildRequest, recorder: Recorder): Promise<BuildAnswer> {
    const { url, method } = request
    const isTaken = recorder.artifacts.some((artifact) => addressKey(artifact.url) === addressKey(url.href))
    if (!isTaken) {
      // Resolvers look into files that they may not take: at how long they are, and at the metadata in wheels.
      if (method === 'HEAD') return pass(await recorder.ask(url, { method, headers: credentials(request) }))
      if (await this.#isPartial(request, recorder)) {
        return pass(await recorder.ask(url, { headers: { ...credentials(request), range: rangeOf(request) } }))
      }
    }
    return fileAnswer(await takeFile(known, request, recorder))
  }

  /** Whether the client wants a part, and the server has parts; one that has none would send all of it. */
  async #isPartial(request: BuildRequest, recorder: Recorder): Promise<boolean> {
    if (!/^bytes=(?:-\d+|\d+-\d+)$/.test(rangeOf(request))) return false
    const key = addressKey(request.url.href)
    const known = this.#servesParts.get(key)
    if (known) return known
    const asked = recorder
      .ask(request.url, { method: 'HEAD', headers: credentials(request) })
      .then(({ status, headers }) => status === 200 && headers['accept-ranges'] === 'bytes')
    this.#servesParts.set(key, asked)
    return asked
  }

  /** Tells once why something cannot be seen. */
  #explain(name: string, host: string, { files, untimed, later }: Visible, recorder: Recorder): void {
    const tell = (about: string, notice: string) => {
      if (this.#noticed.has(about)) return
      this.#noticed.add(about)
      recorder.notice(`as of ${recorder.asOf?.toISOString() ?? 'now'}: ${notice}`)
    }
    if (untimed > 0) {
      tell(host, `${host} does not say when files were published, first of ${name}; those are not seen`)
    } else if (later > 0 && files.length === 0) {
      tell(name, `${name} has nothing that had been published by then`)
    }
  }
}

/**
 * Downloads a file into the lock and checks it against its index.
 * @throws NotFound, hashMismatch
 */
async function takeFile({ name, version, file, hashes }: Known, request: BuildRequest, recorder: Recorder) {
  const url = new URL(request.url)
  url.hash = ''
  // The name of the file is what tells a client all about it; an address may end with another one.
  const tags = fileNameOf(url) === file ? {} : { tags: [file] }
  const artifact = await recorder.take({ kind: 'pypi', name, version, ...tags }, url, { headers: credentials(request) })
  await check(artifact, hashes, recorder)
  return artifact
}

async function check(artifact: Artifact, hashes: Known['hashes'], recorder: Recorder): Promise<void> {
  const { url, sha256 } = artifact
  for (const [algorithm, expected] of Object.entries(hashes)) {
    if (algorithm !== 'sha256' && !getHashes().includes(algorithm)) continue
    const found = algorithm === 'sha256' ? sha256 : await hashOf(recorder.path(artifact), algorithm)
    if (found !== expected) {
      throw hashMismatch({ url, expected: `${algorithm}:${expected}`, found: `${algorithm}:${found}` })
    }
  }
}

async function hashOf(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of readChunks(path)) hash.update(chunk)
  return hash.digest('hex')
}

function recordedNames({ artifacts }: Recorder): string[] {
  return [...new Set(artifacts.filter(({ kind }) => kind === 'pypi').map(({ name }) => name))].toSorted()
}

function rangeOf({ headers }: BuildRequest): string {
  return headers['range'] ?? ''
}

/** Of a client's headers only these concern the server: the rest would bring answers that cannot be read or repeated. */
function credentials({ headers }: BuildRequest): Record<string, string> {
  return headers['authorization'] === undefined ? {} : { authorization: headers['authorization'] }
}

const passing = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'www-authenticate', 'retry-after']

/** A server's answer, without what would let a client keep it. */
function pass({ status, headers, body }: Document): BuildAnswer {
  const kept = passing.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]))
  return { status, headers: { ...Object.fromEntries(kept), 'cache-control': 'no-cache' }, body }
}
