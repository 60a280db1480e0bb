import { digestOf, type Artifact } from '../../model/lock.ts'
import { NotFound, type BuildAnswer, type BuildRequest, type Document, type Recorder } from '../adapter.ts'
import { addTags } from './add-tags.ts'
import { goText, notFound } from './go-answers.ts'
import { isToolchain, isVersion, type VersionRequest } from './go-requests.ts'
import { latestOf, listOf, readInfo, type Info } from './go-versions.ts'

/** Answers from the real module proxy, and keeps in mind which names stood for which version. */
export class GoRecording {
  /** Branches and `latest`, by `MODULE@VERSION`. */
  readonly #tags = new Map<string, Set<string>>()
  /** When versions were published, milliseconds since 1970, by URL: `go` asks for the same list again and again. */
  readonly #times = new Map<string, Promise<number>>()

  /** A `go.mod` or the archive of a module version; these are two artifacts with one name. */
  async file(request: BuildRequest, { module, version }: VersionRequest, recorder: Recorder): Promise<BuildAnswer> {
    const name = { kind: 'go' as const, name: module, version }
    try {
      const artifact = await recorder.take(name, request.url, { headers: passedOn(request) })
      addTags(recorder, artifact, this.#tags.get(`${module}@${version}`) ?? [])
      return { status: 200, body: { blob: digestOf(artifact) } }
    } catch (error) {
      // 404 and 410 make `go` look elsewhere.
      if (error instanceof NotFound) return goText(error.status, error.message)
      throw error
    }
  }

  async list(request: BuildRequest, module: string, recorder: Recorder): Promise<BuildAnswer> {
    const document = await recorder.ask(request.url, { headers: passedOn(request) })
    if (document.status !== 200 || !isFiltered(module, recorder)) return passing(document)
    return goText(200, listOf(await this.#seen({ request, document }, module, recorder)))
  }

  async latest(request: BuildRequest, module: string, recorder: Recorder): Promise<BuildAnswer> {
    const document = await recorder.ask(request.url, { headers: passedOn(request) })
    const info = document.status === 200 ? readInfo(document.body) : undefined
    if (!info) return passing(document)
    const held = versionsOf(recorder.held('go', module))
    if (held.length === 0 && isOldEnough(info, recorder)) {
      await this.#lock(request, { module, version: info.Version, tag: 'latest' }, recorder)
      return passing(document)
    }
    const list = await recorder.ask(beside(request.url, '/@v/list'), { headers: passedOn(request) })
    const latest = latestOf(await this.#seen({ request, document: list }, module, recorder)) ?? latestOf(held)
    if (latest === undefined) return notFound(module, 'has no version that berth may use')
    await this.#lock(request, { module, version: latest, tag: 'latest' }, recorder)
    return goText(200, JSON.stringify({ Version: latest }))
  }

  /** A version that is written out is the operator's choice; a branch is what it was at the time. */
  async info(request: BuildRequest, { module, version }: VersionRequest, recorder: Recorder): Promise<BuildAnswer> {
    const document = await recorder.ask(request.url, { headers: passedOn(request) })
    const info = document.status === 200 ? readInfo(document.body) : undefined
    if (!info) return passing(document)
    const tag = isVersion(version) ? undefined : version
    if (tag !== undefined && !isOldEnough(info, recorder))
      return notFound(module, `${tag} was made after ${recorder.asOf?.toISOString() ?? ''}`)
    await this.#lock(request, { module, version: info.Version, tag }, recorder)
    return passing(document)
  }

  /**
   * Of some versions `go` only wants to know that there are such. What is in the lock of these is their go.mod, or a
   * replay would not know them.
   */
  async #lock(request: BuildRequest, { module, version, tag }: Named, recorder: Recorder): Promise<void> {
    if (!isVersion(version) || isToolchain({ name: module, version })) return
    if (tag !== undefined) this.#tag(module, version, tag)
    const url = beside(request.url, `/@v/${escaped(version)}.mod`)
    await this.file({ ...request, url }, { kind: 'mod', module, version }, recorder)
  }

  /** Signed by others than the proxy, so `go` can tell whether what is recorded is what everybody has. */
  async checksums(request: BuildRequest, recorder: Recorder): Promise<BuildAnswer> {
    return passing(await recorder.ask(request.url, { headers: passedOn(request) }))
  }

  #tag(module: string, version: string, tag: string): void {
    const key = `${module}@${version}`
    this.#tags.set(key, (this.#tags.get(key) ?? new Set()).add(tag))
  }

  /** The versions of a list that a build may see. */
  async #seen({ request, document }: Listed, module: string, recorder: Recorder): Promise<string[]> {
    const lines = document.status === 200 ? document.body.toString('utf8').split('\n') : []
    const listed = lines.map((line) => line.trim().split(/\s/)[0] ?? '').filter(isVersion)
    const held = versionsOf(recorder.held('go', module))
    if (held.length > 0) return listed.filter((version) => held.includes(version))
    const { asOf } = recorder
    if (!asOf) return listed
    return olderThan(asOf, listed.filter(isForHere(module)), (version) => this.#time(request, version, recorder))
  }

  /** NaN when it is not told. */
  #time(request: BuildRequest, version: string, recorder: Recorder): Promise<number> {
    const url = beside(request.url, `/@v/${escaped(version)}.info`)
    const known = this.#times.get(url.href)
    if (known) return known
    const time = recorder.ask(url, { headers: passedOn(request) }).then(publishedAt)
    this.#times.set(url.href, time)
    time.catch(() => this.#times.delete(url.href))
    return time
  }
}

interface Named {
  readonly module: string
  readonly version: string
  readonly tag: string | undefined
}

interface Listed {
  readonly request: BuildRequest
  readonly document: Document
}

function publishedAt({ status, body }: Document): number {
  return Date.parse((status === 200 ? readInfo(body)?.Time : undefined) ?? '')
}

function isFiltered(module: string, recorder: Recorder): boolean {
  return recorder.asOf !== undefined || recorder.held('go', module).length > 0
}

function isOldEnough({ Time }: Info, { asOf }: Recorder): boolean {
  return asOf === undefined || (Time !== undefined && Date.parse(Time) <= Number(asOf))
}

const atOnce = 16

/** Lists tell no times, so each version is asked about. */
async function olderThan(
  asOf: Date,
  versions: readonly string[],
  timeOf: (version: string) => Promise<number>,
): Promise<string[]> {
  const older: string[] = []
  const rest = [...versions]
  const work = async () => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      if ((await timeOf(next)) <= Number(asOf)) older.push(next)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return older
}

const processors: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64' }

/** There are thirty builds of every toolchain, of which one can run here. */
function isForHere(name: string): (version: string) => boolean {
  const suffix = `.linux-${processors[process.arch] ?? process.arch}`
  return (version) => !isToolchain({ name, version }) || version.endsWith(suffix)
}

function versionsOf(held: readonly Artifact[]): string[] {
  return [...new Set(held.map(({ version }) => version))].filter(isVersion)
}

/** Another document of the same module. */
function beside(url: URL, path: string): URL {
  const other = new URL(url)
  other.pathname = url.pathname.replace(/\/@(?:latest|v\/[^/]+)$/, path)
  return other
}

/** As `go` writes it, so that a file has one URL. */
function escaped(version: string): string {
  return version.replaceAll(/[A-Z]/g, (letter) => `%21${letter.toLowerCase()}`)
}

function passedOn({ headers }: BuildRequest): Record<string, string> {
  const passed = ['authorization', 'user-agent', 'disable-module-fetch']
  return Object.fromEntries(Object.entries(headers).filter(([name]) => passed.includes(name)))
}

function passing({ status, headers, body }: Document): BuildAnswer {
  const type = headers['content-type']
  return { status, headers: type === undefined ? {} : { 'content-type': type }, body }
}
