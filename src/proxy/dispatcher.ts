import type { Artifact } from '../model/lock.ts'
import { Problem } from '../model/problem.ts'
import { withoutUserinfo } from '../model/secret.ts'
import { readableAddress } from './adapters/git-ssh-address.ts'
import { NotFound, type Adapter, type BuildAnswer, type BuildRequest, type MakeAdapter } from './adapter.ts'
import { RecordingSession, shelfFor, type Session, type Surroundings } from './session.ts'
import { Refused, type Upstream } from './upstream.ts'

/** What a build asked for, and what came of it. */
export interface Fetch {
  readonly method: string
  /** Without credentials. */
  readonly url: string
  readonly host: string
  readonly status: number
  /** Bytes of an artifact; 0 for documents. */
  readonly bytes: number
  /** Why it was refused or failed. */
  readonly refused?: string
}

export interface DispatcherOptions extends Omit<Surroundings, 'upstream'> {
  readonly session: Session
  readonly adapters: readonly MakeAdapter[]
  readonly onFetch: (fetch: Fetch) => void
}

/** Finds the adapter that a request is for. */
export class Dispatcher {
  readonly #session: Session
  readonly #around: Surroundings
  readonly #adapters: readonly Adapter[]
  readonly #recording: RecordingSession | undefined
  readonly #onFetch: (fetch: Fetch) => void
  readonly #missing = new Set<string>()
  #failure: Error | undefined

  constructor(options: DispatcherOptions, upstream: Upstream) {
    this.#session = options.session
    this.#around = { ...options, upstream }
    this.#adapters = options.adapters.map((make) => make())
    this.#recording =
      options.session.mode === 'record' ? new RecordingSession(options.session, this.#around) : undefined
    this.#onFetch = options.onFetch
  }

  get artifacts(): readonly Artifact[] {
    return this.#recording?.artifacts ?? []
  }

  get missing(): readonly string[] {
    return [...this.#missing]
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  /** Answers a request, whatever happens. */
  async answer(request: BuildRequest): Promise<BuildAnswer> {
    const before = this.artifacts.length
    const { answer, refused } = await this.#attempt(request)
    if (answer.missing !== undefined) this.#missing.add(answer.missing)
    const taken = this.artifacts.slice(before).reduce((sum, { size }) => sum + size, 0)
    const url = readableAddress(request.url.href)
    this.#onFetch({
      method: request.method,
      url: withoutUserinfo(url),
      host: URL.parse(url)?.host ?? request.url.host,
      status: answer.status,
      bytes: taken,
      ...(refused === undefined ? {} : { refused }),
    })
    return answer
  }

  async #attempt(request: BuildRequest): Promise<{ answer: BuildAnswer; refused?: string }> {
    try {
      for (const adapter of this.#adapters) {
        const answer = await this.#ask(adapter, request)
        if (answer) return { answer }
      }
      return this.#unclaimed(request)
    } catch (error) {
      return this.#explain(error)
    }
  }

  #ask(adapter: Adapter, request: BuildRequest): Promise<BuildAnswer | undefined> {
    if (this.#session.mode === 'replay') {
      return adapter.replay(request, shelfFor(adapter.kind, this.#session, this.#around))
    }
    const recorder = this.#recording?.recorderFor(adapter.kind)
    return recorder ? adapter.record(request, recorder) : Promise.resolve(undefined)
  }

  #unclaimed({ method, url }: BuildRequest): { answer: BuildAnswer; refused: string } {
    const what = withoutUserinfo(url.href)
    const refused = this.#session.mode === 'replay' ? 'it is not in berth.lock' : `berth cannot lock a ${method}`
    return { answer: { status: 403, body: `berth: ${what}: ${refused}\n`, missing: what }, refused }
  }

  #explain(error: unknown): { answer: BuildAnswer; refused: string } {
    if (!(error instanceof Error)) throw error
    if (error instanceof NotFound) {
      return { answer: { status: error.status, body: `${error.message}\n` }, refused: error.message }
    }
    const body = `berth: ${error.message.replaceAll(/[^\x20-\x7e]/g, '?')}\n`
    if (error instanceof Refused) return { answer: { status: 403, body }, refused: error.message }
    // The build will say that something could not be fetched; why is known here alone.
    if (error instanceof Problem) this.#failure ??= error
    return { answer: { status: 502, body }, refused: error.message }
  }
}
