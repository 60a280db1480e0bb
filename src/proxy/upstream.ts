import { hasCode } from '../host/files.ts'
import { ownAddresses, requestHttp, requestHttps, resolveHost, type IncomingMessage } from '../host/sockets.ts'
import { trustHostCertificates } from '../host/tls.ts'
import type { Asking, Document } from './adapter.ts'
import { refusalOf } from './addresses.ts'

/** A build asked for something that leads to this host, or to where no registry can be. */
export class Refused extends Error {}

const redirectsAllowed = 10
const secondsOfSilence = 60
/** How long an address stands for a name. */
const secondsOfMemory = 30
const largestDocument = 256 * 1024 ** 2

/** How names become addresses, and which of those a build may not reach; tests have others. */
export interface Network {
  resolve(host: string): Promise<string[]>
  /** Why not; undefined when it may. */
  refusal(address: string): string | undefined
}

export interface UpstreamAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly url: URL
  readonly stream: IncomingMessage
}

/** The real servers. Each address is checked before it is connected to, so a name cannot change its meaning in between. */
export class Upstream {
  readonly #network: Network
  readonly #addresses = new Map<string, Promise<string[]>>()

  constructor(network: Partial<Network> = {}) {
    this.#network = { resolve: resolveHost, refusal: (address) => refusalOf(address, ownAddresses()), ...network }
  }

  /** Asks for a document that fits into memory. Redirects are followed. @throws Refused, Error without an answer. */
  async ask(url: URL, asking: Asking = {}): Promise<Document> {
    const answer = await this.open(url, asking)
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer.stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > largestDocument) throw new Error(`${url.host} sent more than ${largestDocument} bytes`)
      chunks.push(chunk)
    }
    return { status: answer.status, headers: answer.headers, url: answer.url, body: Buffer.concat(chunks) }
  }

  /** Asks for something of any size. Whoever opens it reads or destroys `stream`. */
  async open(url: URL, asking: Asking = {}, redirectsLeft = redirectsAllowed): Promise<UpstreamAnswer> {
    await trustHostCertificates()
    const stream = await this.#send(url, asking)
    const { location } = stream.headers
    const status = stream.statusCode ?? 0
    const isGet = asking.method === undefined || asking.method === 'GET' || asking.method === 'HEAD'
    if (isGet && [301, 302, 303, 307, 308].includes(status) && location !== undefined && redirectsLeft > 0) {
      stream.destroy()
      const next = URL.parse(location, url.href)
      if (next?.protocol !== 'http:' && next?.protocol !== 'https:') throw new Error(`${url.host} redirects to nowhere`)
      return this.open(next, leaving(url, next, asking), redirectsLeft - 1)
    }
    return { status, headers: flat(stream), url, stream }
  }

  async #send(url: URL, asking: Asking): Promise<IncomingMessage> {
    const { method = 'GET', headers = {}, body } = asking
    const host = bare(url.hostname)
    const address = await this.permitted(host)
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const options = {
      host: address,
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
      method,
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host, ...(url.username ? { authorization: basic(url) } : {}) },
      ...(url.protocol === 'https:' ? { servername: host } : {}),
    }
    return new Promise((resolve, reject) => {
      let isAnswered = false
      const request = send(options, (answer) => {
        isAnswered = true
        resolve(answer)
      })
      request.setTimeout(secondsOfSilence * 1000, () => request.destroy(new Error(`no answer from ${url.host}`)))
      request.once('error', (error) => {
        // A server may close a connection that was kept at the very moment that it is used again (RFC 9112, 9.3.1).
        const wasClosed = request.reusedSocket && !isAnswered && hasCode(error, 'ECONNRESET', 'EPIPE')
        if (wasClosed) resolve(this.#send(url, asking))
        else reject(error)
      })
      request.end(body)
    })
  }

  /**
   * The address to connect to. Every address of the name must be permitted, not just one of them.
   * @throws Refused, Error when there is none
   */
  async permitted(host: string): Promise<string> {
    const addresses = await this.#resolve(host)
    for (const address of addresses) {
      const refusal = this.#network.refusal(address)
      if (refusal !== undefined) throw new Refused(`a build may not reach ${host}: ${refusal}`)
    }
    const [first] = addresses
    if (first === undefined) throw new Error(`${host} has no address`)
    return first
  }

  /** A package manager asks for a hundred things at once; a name server that gets as many questions loses some. */
  #resolve(host: string): Promise<string[]> {
    const known = this.#addresses.get(host)
    if (known) return known
    const resolved = this.#network.resolve(host)
    this.#addresses.set(host, resolved)
    const forget = () => void this.#addresses.delete(host)
    resolved.then(() => setTimeout(forget, secondsOfMemory * 1000).unref(), forget)
    return resolved
  }
}

/** Credentials are for the server that they were given to (RFC 9110, 15.4). */
function leaving(from: URL, to: URL, asking: Asking): Asking {
  if (from.host === to.host) return asking
  const kept = Object.entries(asking.headers ?? {}).filter(([name]) => !['authorization', 'cookie'].includes(name))
  return { ...asking, headers: Object.fromEntries(kept) }
}

function flat({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}

/** An IPv6 address without the brackets that a URL needs. */
function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

function basic({ username, password }: URL): string {
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}
