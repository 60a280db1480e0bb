import { digestOf } from '../../model/lock.ts'
import { messageOf } from '../../model/problem.ts'
import { NotFound, type BuildAnswer, type BuildRequest, type Document, type Recorder } from '../adapter.ts'
import { addTags } from './add-tags.ts'
import { askCompressed } from './npm-ask.ts'
import {
  isFields,
  isVersion,
  parseObject,
  readPackument,
  seenThrough,
  textsOf,
  type Fields,
  type Packument,
} from './npm-packument.ts'
import { packumentUrl, readTarballUrl, urlKey, type NpmRequest, type Reading } from './npm-requests.ts'
import { json } from './npm-services.ts'
import { fitsDist, readTarball } from './npm-tarball.ts'

type DocumentRequest = Extract<NpmRequest, { kind: 'document' }>

/** What a document has told of a download. */
interface Announced extends Required<Reading> {
  readonly dist: Fields
}

/** Answers from the real registry, and keeps in mind what documents say, for the downloads that follow. */
export class NpmRecording {
  readonly #announced = new Map<string, Announced>()
  /** Dist-tags by `NAME@VERSION`. */
  readonly #tags = new Map<string, string[]>()
  readonly #noticed = new Set<string>()

  /** Gives what a download is, if a document or its own URL says so. */
  identify({ url }: BuildRequest, wanted: NpmRequest | undefined): Required<Reading> | undefined {
    return this.#announced.get(urlKey(url)) ?? (wanted?.kind === 'tarball' ? wanted : undefined)
  }

  async tarball(request: BuildRequest, { name, version }: Required<Reading>, recorder: Recorder): Promise<BuildAnswer> {
    try {
      const artifact = await recorder.take({ kind: 'npm', name, version }, request.url, { headers: passedOn(request) })
      addTags(recorder, artifact, this.#tags.get(`${name}@${version}`) ?? [])
      await this.#check(request, recorder.path(artifact))
      return { status: 200, body: { blob: digestOf(artifact) } }
    } catch (error) {
      if (error instanceof NotFound) return json(error.status, { error: error.message })
      throw error
    }
  }

  /** A client with a lock file of its own compares too; one without would install whatever came. */
  async #check({ url }: BuildRequest, path: string): Promise<void> {
    const announced = this.#announced.get(urlKey(url))
    if (!announced) return
    const { name, version, dist } = announced
    const what = `${name}@${version} from ${url.host}`
    const tarball = await readTarball(path).catch((cause: unknown) => {
      throw new Error(`${what} is no npm package: ${messageOf(cause)}`, { cause })
    })
    if (fitsDist(tarball, dist) === false) throw new Error(`${what} is not what its registry has announced`)
  }

  /** @returns undefined when the answer shows that the request was none of npm's */
  async document(request: BuildRequest, wanted: DocumentRequest, recorder: Recorder): Promise<BuildAnswer | undefined> {
    const headers = passedOn(request)
    // Times are in the full format only.
    if (recorder.asOf) headers['accept'] = 'application/json'
    const document = await askCompressed(recorder, request.url, { headers })
    const fields = document.status === 200 ? parseObject(document.body.toString('utf8')) : undefined
    const [first, last] = [wanted.readings[0], wanted.readings.at(-1)]
    const packument = readPackument(fields)
    if (packument && first) return this.#packument({ name: first.name, packument, document }, recorder)
    if (fields && last?.version !== undefined && isFields(fields['dist']) && typeof fields['version'] === 'string') {
      return this.#manifest({ request, reading: last, fields, document }, recorder)
    }
    return wanted.isCertain ? passing(document) : undefined
  }

  #packument({ name, packument, document }: Seen, recorder: Recorder): BuildAnswer {
    const seen = this.#see(name, packument, recorder)
    this.#remember(name, seen)
    return seen === packument ? passing(document) : json(200, seen, document.headers['content-type'])
  }

  #see(name: string, packument: Packument, recorder: Recorder): Packument {
    const held = recorder.held('npm', name)
    if (held.length === 0 && !recorder.asOf) return packument
    const asOf = this.#trusted(name, packument, recorder)
    const gone = held.filter(({ version }) => !(version in packument.versions))
    for (const { version } of gone)
      this.#notice(recorder, `the registry no longer has ${name}@${version}, which is locked`)
    return seenThrough({ asOf, held }, packument)
  }

  #trusted(name: string, { time }: Packument, recorder: Recorder): Date | undefined {
    if (!recorder.asOf) return undefined
    if (!time) {
      this.#notice(recorder, `the registry does not say when ${name} was published: all versions of it are seen`)
      return undefined
    }
    this.#notice(recorder, 'npm packages are as old as their registry says; a mirror may tell when it got them instead')
    return recorder.asOf
  }

  #notice(recorder: Recorder, message: string): void {
    if (this.#noticed.has(message)) return
    this.#noticed.add(message)
    recorder.notice(message)
  }

  #remember(name: string, packument: Packument): void {
    for (const [version, { dist }] of Object.entries(packument.versions)) this.#announce({ name, version }, dist)
    for (const [tag, version] of Object.entries(packument['dist-tags'])) this.#tag({ name, version }, tag)
  }

  /** What is announced is another package's if its URL says so; what a lock could not hold is nobody's. */
  #announce(what: Required<Reading>, dist: unknown): void {
    const { tarball, integrity, shasum } = textsOf(dist)
    const url = tarball === undefined ? null : URL.parse(tarball)
    if (!url || !isVersion(what.version) || (readTarballUrl(url)?.name ?? what.name) !== what.name) return
    // Only what is compared is kept: there are tens of thousands of these.
    this.#announced.set(urlKey(url), { ...what, dist: { integrity, shasum } })
  }

  #tag({ name, version }: Required<Reading>, tag: string): void {
    if (!/^[!-~]{1,200}$/.test(tag)) return
    const known = this.#tags.get(`${name}@${version}`)
    if (!known) this.#tags.set(`${name}@${version}`, [tag])
    else if (!known.includes(tag)) known.push(tag)
  }

  async #manifest({ request, reading, fields, document }: SeenManifest, recorder: Recorder): Promise<BuildAnswer> {
    const { name, version: wanted = '' } = reading
    const isFiltered = recorder.asOf !== undefined || recorder.held('npm', name).length > 0
    const chosen = isFiltered ? await this.#choose(request, reading, recorder) : fields
    if (!chosen) return json(404, { error: `no version of ${name} that berth may use fits ${wanted}` })
    const what = { name, version: String(chosen['version']) }
    this.#announce(what, chosen['dist'])
    if (wanted !== what.version) this.#tag(what, wanted)
    return isFiltered ? json(200, chosen) : passing(document)
  }

  async #choose(
    request: BuildRequest,
    { name, version = '' }: Reading,
    recorder: Recorder,
  ): Promise<Fields | undefined> {
    const headers = { ...passedOn(request), accept: 'application/json' }
    const { body } = await askCompressed(recorder, packumentUrl(request.url), { headers })
    const packument = readPackument(parseObject(body.toString('utf8')))
    if (!packument) return undefined
    const { versions, 'dist-tags': tags } = this.#see(name, packument, recorder)
    return versions[tags[version] ?? version]
  }
}

interface Seen {
  readonly name: string
  readonly packument: Packument
  readonly document: Document
}

interface SeenManifest {
  readonly request: BuildRequest
  readonly reading: Reading
  readonly fields: Fields
  readonly document: Document
}

/** Not the conditional ones: what a client has cached may hold what it may not see. */
function passedOn({ headers }: BuildRequest): Record<string, string> {
  const passed = ['accept', 'authorization', 'user-agent', 'npm-auth-type', 'npm-otp']
  return Object.fromEntries(Object.entries(headers).filter(([name]) => passed.includes(name)))
}

function passing({ status, headers, body }: Document): BuildAnswer {
  const passed = ['content-type', 'www-authenticate', 'retry-after']
  return {
    status,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => passed.includes(name))),
    body,
  }
}
