import {
  closeServer,
  createHttpServer,
  dial,
  listenOnSocket,
  ownAddresses,
  requestHttp,
  resolveHost,
  type IncomingMessage,
  type ServerResponse,
  type Socket,
} from '../host/sockets.ts'
import { withoutUserinfo } from '../model/secret.ts'
import { refusalOf } from './addresses.ts'

/** What a build asked for, and what came of it. */
export interface Fetch {
  readonly method: string
  readonly host: string
  readonly port: number
  /** The whole URL of a plain request; an encrypted one shows its host only. */
  readonly url?: string
  /** Bytes that came back. */
  readonly bytes: number
  /** Why it was refused or failed. */
  readonly refused?: string
}

export interface BuildProxy {
  readonly log: readonly Fetch[]
  close(): Promise<void>
}

export interface BuildProxyOptions {
  readonly socketPath: string
  /** Called when a request or a tunnel has ended. */
  readonly onFetch: (fetch: Fetch) => void
  /** Replaces name resolution; for tests. */
  readonly resolve?: (host: string) => Promise<string[]>
}

/**
 * Starts the one thing that a build can talk to: an HTTP proxy on a unix socket. It passes plain requests and CONNECT
 * tunnels (RFC 9110, 9.3.6), writes down each, and refuses whatever leads to this host or to link-local addresses. It
 * connects to the address that it has checked, so a name cannot change its meaning in between.
 */
export async function startBuildProxy(options: BuildProxyOptions): Promise<BuildProxy> {
  const proxy = new ForwardingProxy(options)
  const server = createHttpServer((request, response) => void proxy.forward(request, response))
  const tunnels = new Set<Socket>()
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    tunnels.add(client)
    client.once('close', () => tunnels.delete(client))
    void proxy.tunnel(request, client)
  })
  server.on('clientError', (_, socket) => socket.destroy())
  await listenOnSocket(server, options.socketPath)
  return {
    log: proxy.log,
    close: async () => {
      for (const tunnel of tunnels) tunnel.destroy()
      await closeServer(server)
    },
  }
}

class Refused extends Error {}

class ForwardingProxy {
  readonly log: Fetch[] = []
  readonly #options: BuildProxyOptions

  constructor(options: BuildProxyOptions) {
    this.#options = options
  }

  /** Joins the client with `host:port`, which the CONNECT request names. */
  async tunnel(request: IncomingMessage, client: Socket): Promise<void> {
    client.on('error', () => client.destroy())
    const url = URL.parse(`http://${request.url ?? ''}`)
    if (!url) {
      client.end('HTTP/1.1 400 berth: name a host and a port\r\nConnection: close\r\n\r\n')
      return
    }
    const target = { method: 'CONNECT', host: bare(url.hostname), port: Number(url.port || 80) }
    try {
      const server = await dial(await this.#permitted(target.host), target.port)
      server.on('error', () => client.destroy())
      client.once('close', () => server.destroy())
      server.once('close', () => this.#note({ ...target, bytes: server.bytesRead }))
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      client.pipe(server)
      server.pipe(client)
    } catch (error) {
      const refused = reasonOf(error)
      this.#note({ ...target, bytes: 0, refused })
      const status = error instanceof Refused ? '403' : '502'
      client.end(`HTTP/1.1 ${status} berth: ${refused.replaceAll(/[^\x20-\x7e]/g, '?')}\r\nConnection: close\r\n\r\n`)
    }
  }

  /** Passes a plain request, which names its whole URL (RFC 9112, 3.2.2). */
  async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '')
    if (url?.protocol !== 'http:') {
      response.writeHead(400).end('berth: this is a proxy; ask it for a whole http URL\n')
      return
    }
    const method = request.method ?? 'GET'
    const target = { method, host: bare(url.hostname), port: Number(url.port || 80), url: withoutUserinfo(url.href) }
    try {
      const address = await this.#permitted(target.host)
      const bytes = await passOn({ request, response, url, address, port: target.port })
      this.#note({ ...target, bytes })
    } catch (error) {
      const refused = reasonOf(error)
      this.#note({ ...target, bytes: 0, refused })
      if (!response.headersSent) response.writeHead(error instanceof Refused ? 403 : 502)
      response.end(`berth: ${refused}\n`)
    }
  }

  /** The address to connect to. Every address of the name must be permitted, not just one of them. */
  async #permitted(host: string): Promise<string> {
    const addresses = await (this.#options.resolve ?? resolveHost)(host)
    const own = ownAddresses()
    for (const address of addresses) {
      const refusal = refusalOf(address, own)
      if (refusal !== undefined) throw new Refused(`a build may not reach ${host}: ${refusal}`)
    }
    const [first] = addresses
    if (first === undefined) throw new Error(`${host} has no address`)
    return first
  }

  #note(fetch: Fetch): void {
    this.log.push(fetch)
    this.#options.onFetch(fetch)
  }
}

interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly address: string
  readonly port: number
}

/** Headers that are between a client and its proxy only (RFC 9110, 7.6.1). */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade']

function passOn({ request, response, url, address, port }: Passage): Promise<number> {
  const kept = Object.entries(request.headers).filter(([name]) => !hopByHop.includes(name))
  const headers = { ...Object.fromEntries(kept), host: url.host }
  return new Promise((resolve, reject) => {
    const onward = requestHttp(
      { host: address, port, method: request.method, path: url.pathname + url.search, headers, timeout: 60_000 },
      (answer) => {
        let bytes = 0
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.on('data', (chunk: Buffer) => (bytes += chunk.length))
        answer.once('end', () => resolve(bytes))
        answer.once('error', reject)
        answer.pipe(response)
      },
    )
    onward.once('timeout', () => onward.destroy(new Error(`no answer from ${url.host}`)))
    onward.once('error', reject)
    response.once('close', () => onward.destroy())
    request.pipe(onward)
  })
}

/** An IPv6 address without the brackets that a URL needs. */
function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown failure'
}
