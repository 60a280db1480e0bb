import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import * as files from '../host/files.ts'
import type { HashingFile } from '../host/hashing-file.ts'
import { digestOf, type Artifact, type ArtifactKind } from '../model/lock.ts'
import type { Digest } from '../model/names.ts'
import { Secret, withoutUserinfo } from '../model/secret.ts'
import { knownHostsSetting, sshKeySetting } from '../model/ssh-settings.ts'
import {
  NotFound,
  type ArtifactName,
  type Document,
  type Recorder,
  type Shelf,
  type SshAccess,
  type Taking,
} from './adapter.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'

/** Where content goes, and where it comes from: the blob store. */
export interface BlobShelf {
  has(digest: Digest): Promise<boolean>
  path(digest: Digest): string
  add(fill: (output: HashingFile) => Promise<void>): Promise<{ digest: Digest; bytes: number }>
}

/** What a build may do with the outside. */
export type Session = {
  /** Names of the keys with which it may fetch over ssh, as in `--mount=type=ssh,id=…`; without any: the default one. */
  readonly sshIds?: readonly string[]
} & (
  | {
      readonly mode: 'record'
      readonly asOf?: Date
      /** What an earlier lock had and is to stay as it is. */
      readonly held: readonly Artifact[]
    }
  | {
      readonly mode: 'replay'
      readonly artifacts: readonly Artifact[]
      /** The path of an artifact's content, which is fetched when it is not in the store. */
      provide(artifact: Artifact): Promise<string>
    }
)

export interface Surroundings {
  readonly upstream: Upstream
  readonly blobs: BlobShelf
  /** For what adapters keep. */
  readonly cacheDirectory: string
  readonly onNotice: (message: string) => void
  /** What the operator has set for this build; undefined: nothing. */
  readonly setting?: (name: string) => Promise<string | undefined>
}

/** Collects what a build fetches. */
export class RecordingSession {
  readonly #around: Surroundings
  readonly #session: Extract<Session, { mode: 'record' }>
  readonly #taken = new Map<string, Promise<Artifact>>()
  readonly #artifacts: Artifact[] = []

  constructor(session: Extract<Session, { mode: 'record' }>, around: Surroundings) {
    this.#session = session
    this.#around = around
  }

  get artifacts(): readonly Artifact[] {
    return this.#artifacts
  }

  recorderFor(kind: ArtifactKind): Recorder {
    const { upstream, blobs, cacheDirectory, onNotice } = this.#around
    return {
      asOf: this.#session.asOf,
      artifacts: this.#artifacts,
      held: (of, name) =>
        this.#session.held.filter(({ kind: is, name: called }) => is === of && (name === undefined || called === name)),
      ask: (url, asking): Promise<Document> => upstream.ask(url, asking),
      take: (artifact, url, asking) => this.#take(artifact, url, asking),
      add: (artifact) => this.#add(artifact),
      notice: onNotice,
      cacheDirectory: () => ownDirectory(cacheDirectory, kind),
      path: (artifact) => blobs.path(digestOf(artifact)),
      ssh: sshAccess(this.#session, this.#around),
    }
  }

  #take(artifact: ArtifactName, url: URL, asking: Taking = {}): Promise<Artifact> {
    const known = this.#taken.get(url.href)
    if (known) return known
    const taken = this.#download(artifact, url, asking)
    this.#taken.set(url.href, taken)
    taken.catch(() => this.#taken.delete(url.href))
    return taken
  }

  async #download(artifact: ArtifactName, url: URL, { headers, from = url }: Taking): Promise<Artifact> {
    const answer = await this.#around.upstream.open(from, { headers: { ...headers, 'accept-encoding': 'identity' } })
    if (answer.status !== 200) {
      answer.stream.destroy()
      throw new NotFound(from, answer.status)
    }
    const { digest, bytes } = await this.#around.blobs.add(async (output) => {
      for await (const chunk of decoded(answer)) await output.write(chunk)
    })
    const sha256 = digest.slice('sha256:'.length)
    const whole: Artifact = { ...artifact, url: withoutUserinfo(url.href), sha256, size: bytes }
    this.#add(whole)
    return whole
  }

  #add(artifact: Artifact): void {
    const isSame = (other: Artifact) => other.url === artifact.url && other.version === artifact.version
    const at = this.#artifacts.findIndex(isSame)
    if (at < 0) this.#artifacts.push(artifact)
    else this.#artifacts[at] = artifact
  }
}

/** Some servers compress although they were asked not to; what is locked is the content (RFC 9110, 8.4). */
function decoded({ stream, headers }: UpstreamAnswer): AsyncIterable<Buffer> {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity'
  const make = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress }[
    encoding
  ]
  if (encoding !== 'identity' && !make) throw new Error(`the content comes as ${encoding}, which cannot be decoded`)
  // Failures of the source end up in the destination, which is what is read.
  return make ? pipeline(stream, make(), () => undefined) : (stream as AsyncIterable<Buffer>)
}

/** What an adapter sees of a lock while a build is replayed. */
export function shelfFor(
  kind: ArtifactKind,
  session: Extract<Session, { mode: 'replay' }>,
  around: Surroundings,
): Shelf {
  const { cacheDirectory, onNotice } = around
  return {
    artifacts: session.artifacts,
    provide: (artifact) => session.provide(artifact),
    notice: onNotice,
    cacheDirectory: () => ownDirectory(cacheDirectory, kind),
    ssh: sshAccess(session, around),
  }
}

/** The keys of a session are asked for when something is fetched with them, and not before. */
function sshAccess({ sshIds = [] }: Session, { setting, upstream }: Surroundings): SshAccess {
  const names = sshIds.length === 0 ? [sshKeySetting()] : sshIds.map((id) => sshKeySetting(id))
  return {
    names,
    keys: async () => {
      const values = await Promise.all(names.map(async (name) => ({ name, value: await setting?.(name) })))
      return values.flatMap(({ name, value }) => (value ? [{ name, key: new Secret(value) }] : []))
    },
    knownHosts: async () => (await setting?.(knownHostsSetting)) ?? '',
    addressOf: (host) => upstream.permitted(host),
  }
}

async function ownDirectory(root: string, kind: ArtifactKind): Promise<string> {
  const directory = join(root, kind)
  await files.mkdir(directory, { recursive: true })
  return directory
}
