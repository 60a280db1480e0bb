import { duplexPair, type Duplex } from 'node:stream'
import {
  closeServer,
  createHttpServer,
  listenOnSocket,
  type IncomingMessage,
  type ServerResponse,
  type Socket,
} from '../host/sockets.ts'
import { acceptTls } from '../host/tls.ts'
import type { Artifact } from '../model/lock.ts'
import type { MakeAdapter } from './adapter.ts'
import { sendAnswer } from './answer.ts'
import type { CertificateAuthority } from './certificate-authority.ts'
import { Dispatcher, type Fetch } from './dispatcher.ts'
import { readRequest } from './request.ts'
import type { BlobShelf, Session } from './session.ts'
import { Upstream, type Network } from './upstream.ts'

export interface LockingProxyOptions {
  readonly socketPath: string
  readonly session: Session
  readonly adapters: readonly MakeAdapter[]
  readonly blobs: BlobShelf
  readonly cacheDirectory: string
  /** Called when a request has been answered. */
  readonly onFetch: (fetch: Fetch) => void
  readonly onNotice: (message: string) => void
  readonly network?: Partial<Network>
  /** What the operator has set for this build. */
  readonly setting?: (name: string) => Promise<string | undefined>
}

export interface LockingProxy {
  /** The certificate of the authority that the build has to trust, PEM. */
  readonly certificate: string
  /** What was taken into the lock so far. */
  readonly artifacts: readonly Artifact[]
  /** What a replay was asked for and the lock does not have. */
  readonly missing: readonly string[]
  /** What went wrong on berth's side of a request: a hash that does not match, a server that does not answer. */
  readonly failure: Error | undefined
  close(): Promise<void>
}

/**
 * Starts the one thing that a build can talk to: an HTTP proxy on a unix socket. Tunnels (CONNECT, RFC 9110, 9.3.6) end
 * in it, so every request of a build is seen, whatever it is wrapped in. While it records, requests go on to the real
 * servers, except to this host and to link-local addresses; while it replays, it connects to nothing on behalf of a
 * build, and answers out of the lock.
 */
export async function startLockingProxy(options: LockingProxyOptions): Promise<LockingProxy> {
  // What writes certificates takes 5 MiB of the daemon's memory, which needs it in builds alone.
  const { CertificateAuthority } = await import('./certificate-authority.ts')
  const authority = await CertificateAuthority.create()
  const dispatcher = new Dispatcher(options, new Upstream(options.network))
  const plain = createHttpServer((request, response) => void answer(dispatcher, options, { request, response }))
  const inside = createHttpServer((request, response) => {
    const origin = origins.get(request.socket)
    void answer(dispatcher, options, { request, response, ...(origin === undefined ? {} : { origin }) })
  })
  const tunnels = new Set<Socket>()
  plain.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    tunnels.add(client)
    client.once('close', () => tunnels.delete(client))
    client.on('error', () => client.destroy())
    openTunnel({ request, client, head }, authority, (socket) => inside.emit('connection', socket))
  })
  for (const server of [plain, inside]) {
    server.on('clientError', (_, socket) => socket.destroy())
    // Node closes what was idle for seconds, also when the next request has come while this process could not run.
    server.keepAliveTimeout = 0
  }
  await listenOnSocket(plain, options.socketPath)
  return {
    certificate: authority.certificate,
    get artifacts() {
      return dispatcher.artifacts
    },
    get missing() {
      return dispatcher.missing
    },
    get failure() {
      return dispatcher.failure
    },
    close: async () => {
      for (const tunnel of tunnels) tunnel.destroy()
      await closeServer(plain)
    },
  }
}

/** Where the requests on a socket want to go, such as `https://example.org:443`. */
const origins = new WeakMap<object, string>()

interface Tunnel {
  readonly request: IncomingMessage
  readonly client: Socket
  readonly head: Buffer
}

/** The first byte of a TLS handshake (RFC 8446, 5.1). */
const handshake = 0x16

function openTunnel(
  { request, client, head }: Tunnel,
  authority: CertificateAuthority,
  accept: (socket: Duplex) => void,
): void {
  const target = URL.parse(`http://${request.url ?? ''}`)
  if (!target?.hostname) {
    client.end('HTTP/1.1 400 berth: name a host and a port\r\nConnection: close\r\n\r\n')
    return
  }
  const host = target.hostname.replace(/^\[|\]$/g, '')
  client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
  const start = async (first: Buffer) => {
    client.pause()
    client.unshift(first)
    const isTls = first[0] === handshake
    const socket = isTls
      ? acceptTls(client, await authority.identityOf(host), (name) => authority.identityOf(name))
      : inFrontOf(client)
    socket.on('error', () => client.destroy())
    origins.set(socket, `${isTls ? 'https' : 'http'}://${request.url ?? ''}`)
    accept(socket)
  }
  if (head.length > 0) void start(head)
  else client.once('data', (chunk: Buffer) => void start(chunk))
}

/** A server reads a real socket below the stream, and would miss what has been put back. */
function inFrontOf(client: Duplex): Duplex {
  const [outer, inner] = duplexPair()
  client.pipe(outer).pipe(client)
  client.once('close', () => inner.destroy())
  inner.once('close', () => client.destroy())
  return inner
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly origin?: string
}

async function answer(
  dispatcher: Dispatcher,
  { blobs }: LockingProxyOptions,
  { request, response, origin }: Exchange,
): Promise<void> {
  response.on('error', () => response.destroy())
  const asked = readRequest(request, origin)
  if (!asked) {
    response.writeHead(400).end('berth: this is a proxy; ask it for a whole http URL\n')
    return
  }
  await sendAnswer(response, await dispatcher.answer(asked), { isHead: request.method === 'HEAD', blobs })
}
