import { findDebianSnapshot, snapshotUrl } from '../../host/debian-snapshot.ts'
import { digestOf, type Artifact } from '../../model/lock.ts'
import { hashMismatch } from '../../model/problems/install.ts'
import { NotFound, type Adapter, type ArtifactName, type BuildAnswer, type BuildRequest } from '../adapter.ts'
import type { Document, MakeAdapter, Recorder, Shelf } from '../adapter.ts'
import { answerHeld } from './debian-held.ts'
import { ArchiveMemory } from './debian-memory.ts'
import { fileAt, isApt, packageAt, placeOf, placeOfArtifact, type DebianFile, type Place } from './debian-place.ts'
import { ReleaseGuard } from './debian-release.ts'
import { hostKeyrings } from './debian-signature.ts'
import { SynthesisedArchives } from './debian-synthesis.ts'

/** Debian's archives, and those that are built like them. README.md in this folder says what is promised. */
export const debian: MakeAdapter = () => new DebianAdapter(hostKeyrings, findDebianSnapshot(process.env))

/** With the keys of a directory; for tests. @param snapshot Address of a mirror (see src/host/debian-snapshot.ts). */
export function debianWithKeyrings(keyrings: string, snapshot?: string): MakeAdapter {
  return () => new DebianAdapter(keyrings, snapshot)
}

class DebianAdapter implements Adapter {
  readonly kind = 'deb'
  readonly #memory = new ArchiveMemory()
  readonly #guard: ReleaseGuard
  readonly #synthesised = new SynthesisedArchives()
  /** Where an `InRelease` was asked for: that name is nobody else's, the others are. */
  readonly #directories = new Set<Place>()
  readonly #told = new Set<string>()

  readonly #snapshot: string | undefined

  constructor(keyrings: string, snapshot: string | undefined) {
    this.#snapshot = snapshot
    this.#guard = new ReleaseGuard(this.#memory, keyrings)
  }

  async record(request: BuildRequest, recorder: Recorder): Promise<BuildAnswer | undefined> {
    const place = placeOf(request.url)
    const file = fileAt(place)
    if (!file || !isReading(request)) return undefined
    const held = await answerHeld(place, recorder)
    if (held) return held
    if (file.kind === 'package') {
      const isOurs = isOfPool(request, place) || this.#memory.package(place)
      return isOurs ? this.#take(request, place, recorder) : undefined
    }
    if (!this.#isIndex(request, place, file)) return undefined
    // Patches of an index would keep the index itself from being seen; without them a client fetches it whole.
    if (place.includes('.diff/')) return { status: 404 }
    const ask = (url: URL) => this.#ask(request, url, recorder)
    const document = await ask(request.url)
    if (document.status === 200) {
      const askBeside = (name: string) => ask(new URL(name, request.url))
      if (file.kind === 'release') await this.#guard.see(file, document, { recorder, ask: askBeside })
      else await this.#memory.learnIndex(place, document.body, await recorder.cacheDirectory())
    }
    return passOn(document)
  }

  async replay(request: BuildRequest, shelf: Shelf): Promise<BuildAnswer | undefined> {
    const place = placeOf(request.url)
    const file = fileAt(place)
    if (!file || !isReading(request)) return undefined
    if (file.kind === 'package') return provide(request, place, shelf)
    if (!this.#isIndex(request, place, file)) return undefined
    if (file.kind === 'index') return textOrNothing(await this.#synthesised.index(place))
    // Nothing here is signed: that a package is the right one, the lock's hashes say.
    if (file.name !== 'Release') return { status: 404 }
    return textOrNothing(await this.#synthesised.release(file.directory, shelf))
  }

  #isIndex(request: BuildRequest, place: Place, file: DebianFile): boolean {
    if (file.kind === 'release' && file.name === 'InRelease') this.#directories.add(file.directory)
    if (place.includes('/dists/') || isApt(request.headers)) return true
    return [...this.#directories].some((directory) => place.startsWith(directory))
  }

  async #take(request: BuildRequest, place: Place, recorder: Recorder): Promise<BuildAnswer> {
    if (!this.#memory.package(place)) await this.#memory.recall(place, await recorder.cacheDirectory())
    const listed = this.#memory.package(place)
    const { name, version } = listed ?? packageAt(place)
    this.#explain({ name, version, isListed: listed !== undefined }, recorder)
    const tags: Pick<Artifact, 'tags'> = listed ? { tags: [...listed.tags].sort() } : {}
    const artifact = await this.#download({ kind: 'deb', name, version, ...tags }, request, recorder)
    // A later stage of a build may know the same package from another suite.
    const more = [...new Set([...(artifact.tags ?? []), ...(tags.tags ?? [])])].sort()
    if (more.length > (artifact.tags?.length ?? 0)) recorder.add({ ...artifact, tags: more })
    if (listed && listed.sha256 !== artifact.sha256) {
      const expected = `sha256:${listed.sha256}`
      throw hashMismatch({ url: artifact.url, expected, found: digestOf(artifact) })
    }
    return { status: 200, body: { blob: digestOf(artifact) } }
  }

  /** As it was at the date, where a mirror keeps that; archives that it does not have are as they are. */
  async #ask(request: BuildRequest, url: URL, recorder: Recorder): Promise<Document> {
    const past = this.#past(url, recorder)
    const document = past && (await recorder.ask(past, { headers: { 'accept-encoding': 'identity' } }))
    return document?.status === 200 ? document : recorder.ask(url, { headers: headersFor(request) })
  }

  async #download(name: ArtifactName, request: BuildRequest, recorder: Recorder): Promise<Artifact> {
    const url = readable(request.url)
    const past = this.#past(url, recorder)
    try {
      if (past) return await recorder.take(name, url, { from: past })
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
    }
    return recorder.take(name, url, { headers: headersFor(request) })
  }

  #past(url: URL, { asOf }: Recorder): URL | undefined {
    return asOf && this.#snapshot !== undefined ? snapshotUrl(this.#snapshot, url, asOf) : undefined
  }

  #explain(deb: { name: string; version: string; isListed: boolean }, recorder: Recorder): void {
    if (!deb.isListed) {
      this.#once(
        'unlisted',
        recorder,
        `The build fetched ${deb.name} by package lists that its image brought along: \
berth could not check it against them, apt did`,
      )
    }
    const held = recorder.held('deb', deb.name)
    if (held.length === 0 || held.some(({ version }) => version === deb.version)) return
    this.#once(
      'held',
      recorder,
      `What is locked could not be kept, because it does not fit or its file is nowhere to be had: \
${deb.name} comes as ${deb.version} now, for one`,
    )
  }

  #once(what: string, recorder: Recorder, message: string): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    recorder.notice(message)
  }
}

async function provide(request: BuildRequest, place: Place, shelf: Shelf): Promise<BuildAnswer | undefined> {
  const artifact = shelf.artifacts.find((known) => placeOfArtifact(known) === place)
  if (artifact) {
    await shelf.provide(artifact)
    return { status: 200, body: { blob: digestOf(artifact) } }
  }
  const { name, version } = packageAt(place)
  return isOfPool(request, place) ? { status: 404, missing: `${name} ${version}` } : undefined
}

/** apt escapes more than it has to, which makes no difference to anybody but the reader of a lock (RFC 3986, 2.3). */
function readable({ href }: URL): URL {
  return new URL(href.replaceAll(/%7e/gi, '~'))
}

function isReading({ method }: BuildRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** A package that stands somewhere else is a download like any other, unless an index names it. */
function isOfPool(request: BuildRequest, place: Place): boolean {
  return place.includes('/pool/') || isApt(request.headers)
}

/** Conditions and ranges stay out: what is locked is whole. */
function headersFor({ headers }: BuildRequest): Record<string, string> {
  const passed = ['user-agent', 'authorization'].flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(passed), 'accept-encoding': 'identity' }
}

function passOn({ status, headers, body }: Document): BuildAnswer {
  const passed = ['content-type', 'last-modified'].flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { status, headers: Object.fromEntries(passed), body }
}

function textOrNothing(body: string | undefined): BuildAnswer {
  return body === undefined ? { status: 404 } : { status: 200, headers: { 'content-type': 'text/plain' }, body }
}
