import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { requestHttp, type ClientRequest, type IncomingMessage } from './http.ts'

/** HTTP/1.1 requests over a unix socket. */

export interface SocketRequest {
  readonly socket: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Readable | string
  readonly signal?: AbortSignal
}

/** Sends a request and gives the answer once its head is there, even if the body is still being sent. */
export function requestOverSocket(options: SocketRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = start(options)
    outgoing.once('response', (answer) => {
      // A server that refuses early closes its side: what sending then fails with no longer matters.
      outgoing.on('error', () => undefined)
      resolve(answer)
    })
    outgoing.once('error', reject)
    sendBody(outgoing, options.body).catch((error: unknown) => {
      outgoing.destroy()
      reject(error instanceof Error ? error : new Error(String(error)))
    })
  })
}

async function sendBody(outgoing: ClientRequest, body: Readable | string | undefined): Promise<void> {
  if (body === undefined || typeof body === 'string') {
    outgoing.end(body)
    return
  }
  await pipeline(body, outgoing)
}

export type UpgradeAnswer =
  | { readonly kind: 'upgraded'; readonly stream: Duplex; readonly head: Buffer }
  | { readonly kind: 'refused'; readonly answer: IncomingMessage }

/** Asks to go on in another protocol on the same connection. */
export function upgradeOverSocket(options: SocketRequest & { readonly protocol: string }): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { ...options.headers, connection: 'upgrade', upgrade: options.protocol }
    const outgoing = start({ ...options, headers })
    outgoing.once('upgrade', (_answer, stream, head) => resolve({ kind: 'upgraded', stream, head }))
    outgoing.once('response', (answer) => resolve({ kind: 'refused', answer }))
    outgoing.once('error', reject)
    outgoing.end(typeof options.body === 'string' ? options.body : undefined)
  })
}

function start({ socket, method, path, headers, signal, body }: SocketRequest): ClientRequest {
  const length = typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {}
  const options = {
    socketPath: socket,
    method,
    path,
    headers: { host: 'berth', ...length, ...headers },
    agent: false,
    // Else Node looks whether the host is an address, by patterns that take milliseconds to compile.
    servername: '',
    ...(signal ? { signal } : {}),
  }
  return requestHttp(options)
}
