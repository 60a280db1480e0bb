import type { Artifact, ArtifactKind } from '../model/lock.ts'
import type { Digest } from '../model/names.ts'
import type { Secret } from '../model/secret.ts'

/** What an ecosystem has to know of its registry's protocol, so that builds can be recorded once and replayed for ever. */

/** A request that a build made, whatever way it came: a plain one, or inside a tunnel that the proxy has opened. */
export interface BuildRequest {
  readonly method: string
  /** Absolute, `http:` or `https:`. */
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  body(): Promise<Buffer>
}

export interface BuildAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** A blob is sent from the store. */
  readonly body?: string | Uint8Array | { readonly blob: Digest }
  /** Replay: what was asked for is not in the lock; a name that the operator knows, such as `flask-cors`. */
  readonly missing?: string
}

/**
 * One ecosystem. An adapter is made for one session and may remember what it has seen in it; `undefined` means that the
 * request is not one of this ecosystem.
 */
export interface Adapter {
  readonly kind: ArtifactKind
  /**
   * Answers from the real registry. What is immutable is taken into the lock; documents that change (indexes, metadata)
   * pass, without what is younger than `asOf`, and without other versions of what is held.
   */
  record(request: BuildRequest, recorder: Recorder): Promise<BuildAnswer | undefined>
  /** Answers from the lock alone: indexes are made of its artifacts. */
  replay(request: BuildRequest, shelf: Shelf): Promise<BuildAnswer | undefined>
}

export type MakeAdapter = () => Adapter

/** An answer of a real server, small enough to be held in memory. */
export interface Document {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** After redirects. */
  readonly url: URL
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface Taking extends Pick<Asking, 'headers'> {
  readonly from?: URL
}

/** What an artifact is called; the rest of it comes from the download. */
export type ArtifactName = Pick<Artifact, 'kind' | 'name' | 'version' | 'tags'>

/** What is needed to log in somewhere over ssh. */
export interface SshAccess {
  /** The settings that may have a key. */
  readonly names: readonly string[]
  /** Those of them that are set. */
  keys(): Promise<readonly { readonly name: string; readonly key: Secret }[]>
  /** Lines of known hosts. */
  knownHosts(): Promise<string>
  /** The IP address of a host that a build may reach. @throws Refused, Error when the name has none */
  addressOf(host: string): Promise<string>
}

export interface Recorder {
  /** What was published later is invisible. */
  readonly asOf: Date | undefined
  /** What has been recorded so far. */
  readonly artifacts: readonly Artifact[]
  /** Versions of an earlier lock that are to stay, of one name or of all: where there are some, the index shows no others. */
  held(kind: ArtifactKind, name?: string): readonly Artifact[]
  /** Asks the real server, redirects followed. @throws Error when there is no answer; any status is an answer. */
  ask(url: URL, asking?: Asking): Promise<Document>
  /**
   * Downloads what never changes into the store and into the lock; nothing is fetched twice. `from` is a mirror that has
   * it; the lock names the URL.
   * @throws NotFound when the server has none
   */
  take(artifact: ArtifactName, url: URL, asking?: Taking): Promise<Artifact>
  /** Writes down what an adapter has fetched by its own means; of the same version at the same URL, the last counts. */
  add(artifact: Artifact): void
  /** Tells the operator something. */
  notice(message: string): void
  /** A directory of this adapter's own that outlives the session, for what is worth keeping; may be lost. */
  cacheDirectory(): Promise<string>
  /** Path of an artifact's content in the store. */
  path(artifact: Artifact): string
  readonly ssh: SshAccess
}

export interface Shelf {
  readonly artifacts: readonly Artifact[]
  /**
   * The path of an artifact's content: out of the store, or fetched again and checked.
   * @throws Problem when it cannot be had, or is not what the lock says
   */
  provide(artifact: Artifact): Promise<string>
  notice(message: string): void
  cacheDirectory(): Promise<string>
  readonly ssh: SshAccess
}

/** The server answered, but not with what was asked for. */
export class NotFound extends Error {
  readonly status: number
  constructor(url: URL, status: number) {
    super(`${url.origin}${url.pathname} answered ${status}`)
    this.name = 'NotFound'
    this.status = status
  }
}
