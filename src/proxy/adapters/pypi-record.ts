import { NotFound, type BuildAnswer, type BuildRequest, type Document, type Recorder } from '../adapter.ts'
import { acceptBest } from './pypi-accept.ts'
import type { IndexFile } from './pypi-index.ts'
import { resolvesForAll } from './pypi-client.ts'
import { fileNameOf, type FileName } from './pypi-name.ts'
import { readPage } from './pypi-read.ts'
import { addressKey } from './pypi-address.ts'
import { fileAnswer } from './pypi-replay.ts'
import { readRequest, type PypiRequest } from './pypi-request.ts'
import { credentials, takeFile, type Known } from './pypi-take.ts'
import { hide, type Visible } from './pypi-visible.ts'
import { linksPage, plainAnswer, projectPage, releaseDocument, rootPage } from './pypi-write.ts'

/** Lets a build see a real index as it was, and takes what it downloads. */
export class PypiRecord {
  /** The links of all pages that were served, by their address. */
  readonly #known = new Map<string, Known>()
  /** Source archives of what was served, by name and version. */
  readonly #sources = new Map<string, IndexFile>()
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
        return this.#metadata(wanted.url, wanted.name, request, recorder)
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
    for (const file of files) {
      this.#known.set(addressKey(file.url), file)
      if (file.type === 'sdist') this.#sources.set(`${file.name} ${file.version}`, file)
    }
    return [...files]
  }

  async #file(known: Known, request: BuildRequest, recorder: Recorder): Promise<BuildAnswer> {
    const { url, method } = request
    // Resolvers look into files that they may not take: at how long they are, and at the metadata in wheels.
    if (method === 'HEAD') return pass(await recorder.ask(url, { method, headers: credentials(request) }))
    const isPartial = await this.#isPartial(request, recorder)
    if (!isPartial) return fileAnswer(await takeFile(known, url, request, recorder))
    await this.#looked(known, url, request, recorder)
    return pass(await recorder.ask(url, { headers: { ...credentials(request), range: rangeOf(request) } }))
  }

  /** Metadata tell what a package needs; who installs it also asks for the package. */
  async #metadata(wheel: URL, name: FileName, request: BuildRequest, recorder: Recorder): Promise<BuildAnswer> {
    const document = await recorder.ask(request.url, { method: request.method, headers: credentials(request) })
    const known = this.#known.get(addressKey(wheel.href)) ?? { ...name, file: fileNameOf(wheel), hashes: {} }
    if (document.status === 200) await this.#looked(known, wheel, request, recorder)
    return pass(document)
  }

  /**
   * A client that resolves for every platform and interpreter has looked into a wheel, and may never ask for it. In a
   * replay it has to find it all the same, and the source beside it: uv does not take a release whose wheels are not
   * for all interpreters that the project allows.
   */
  async #looked(known: Known, wheel: URL, request: BuildRequest, recorder: Recorder): Promise<void> {
    if (!resolvesForAll(request.headers)) return
    this.#tell(
      recorder,
      'resolves for all',
      'a build resolves for every platform and locks what it only looks at; with a lock of its own in the source (uv.lock, poetry.lock) it would not',
    )
    await takeFile(known, wheel, request, recorder)
    const source = this.#sources.get(`${known.name} ${known.version}`)
    if (!source) return
    await takeFile(source, new URL(source.url), request, recorder).catch((error: unknown) => {
      // An index may list what it has lost; nobody asked for it yet.
      if (!(error instanceof NotFound)) throw error
    })
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

  /** Says why something cannot be seen. */
  #explain(name: string, host: string, { files, untimed, later }: Visible, recorder: Recorder): void {
    const asOf = `as of ${recorder.asOf?.toISOString() ?? 'now'}`
    if (untimed > 0) {
      this.#tell(
        recorder,
        host,
        `${asOf}: ${host} does not say when files were published, first of ${name}; those are not seen`,
      )
    } else if (later > 0 && files.length === 0) {
      this.#tell(recorder, name, `${asOf}: ${name} has nothing that had been published by then`)
    }
  }

  #tell(recorder: Recorder, about: string, notice: string): void {
    if (this.#noticed.has(about)) return
    this.#noticed.add(about)
    recorder.notice(notice)
  }
}

function recordedNames({ artifacts }: Recorder): string[] {
  return [...new Set(artifacts.filter(({ kind }) => kind === 'pypi').map(({ name }) => name))].toSorted()
}

function rangeOf({ headers }: BuildRequest): string {
  return headers['range'] ?? ''
}

const passing = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'www-authenticate', 'retry-after']

/** A server's answer, without what would let a client keep it. */
function pass({ status, headers, body }: Document): BuildAnswer {
  const kept = passing.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]))
  return { status, headers: { ...Object.fromEntries(kept), 'cache-control': 'no-cache' }, body }
}
