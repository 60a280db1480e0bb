import { randomBytes } from 'node:crypto'
import { closeServer, createHttpServer, type IncomingMessage } from '../host/sockets.ts'
import type { Artifact } from '../model/lock.ts'
import { scpGate, sshGate } from './adapters/git-ssh-address.ts'
import { sendAnswer } from './answer.ts'
import { Dispatcher, type DispatcherOptions, type Fetch } from './dispatcher.ts'
import { readRequest } from './request.ts'
import { Upstream } from './upstream.ts'

/** A way for this host's own git to repositories by the rules of a build: what it fetches is recorded, or replayed. */
export interface GitGate {
  /** Settings of git that lead every address of a repository through the gate. */
  readonly settings: Readonly<Record<string, string>>
  readonly artifacts: readonly Artifact[]
  /** What the lock does not have. */
  readonly missing: readonly string[]
  readonly failure: Error | undefined
  /** Why a build may not have what git asked for last; git itself is told no more than a status. */
  readonly refusal: string | undefined
  /** What git says, without the address of the gate. */
  readable(text: string): string
  close(): Promise<void>
}

const schemes = ['http', 'https']

/** What addresses begin with, and what stands for that behind the secret. */
const ways: readonly (readonly [beginning: string, path: string])[] = [
  ...schemes.map((scheme) => [`${scheme}://`, `${scheme}/`] as const),
  ['ssh://', sshGate.replace('://', '/')],
  ['git@', scpGate.replace('://', '/')],
]

/** Listens on loopback, at a path that nobody can guess. */
export async function openGitGate(options: DispatcherOptions): Promise<GitGate> {
  let refusal: string | undefined
  const onFetch = (fetch: Fetch) => {
    if (fetch.status === 403) refusal = fetch.refused
    options.onFetch(fetch)
  }
  const dispatcher = new Dispatcher({ ...options, onFetch }, new Upstream())
  const secret = randomBytes(16).toString('hex')
  const server = createHttpServer((request, response) => {
    response.on('error', () => response.destroy())
    const asked = targetOf(request, secret)
    if (!asked) {
      response.writeHead(404).end()
      return
    }
    const answer = async () => {
      const isHead = request.method === 'HEAD'
      await sendAnswer(response, await dispatcher.answer(asked), { isHead, blobs: options.blobs })
    }
    answer().catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const base = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/${secret}`
  return {
    settings: Object.fromEntries(ways.map(([beginning, path]) => [`url.${base}/${path}.insteadOf`, beginning])),
    get artifacts() {
      return dispatcher.artifacts
    },
    get missing() {
      return dispatcher.missing
    },
    get failure() {
      return dispatcher.failure
    },
    get refusal() {
      return refusal
    },
    // The longest first: those of ssh begin as those of HTTP do.
    readable: (text) => ways.toReversed().reduce((line, [to, path]) => line.replaceAll(`${base}/${path}`, to), text),
    close: () => closeServer(server),
  }
}

/** `/SECRET/https/example.org/a.git/…` stands for `https://example.org/a.git/…`. */
function targetOf(request: IncomingMessage, secret: string) {
  const [, given, scheme = '', rest = ''] = /^\/([0-9a-f]+)\/([a-z]+)\/(.*)$/s.exec(request.url ?? '') ?? []
  if (given !== secret || !schemes.includes(scheme)) return undefined
  const [, host = '', path = ''] = /^([^/]*)(\/.*)?$/s.exec(rest) ?? []
  request.url = path
  return readRequest(request, `${scheme}://${host}`)
}
