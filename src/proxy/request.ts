import type { IncomingMessage } from '../host/sockets.ts'
import type { BuildRequest } from './adapter.ts'

const largestBody = 64 * 1024 ** 2

/**
 * Makes one shape of the two ways in which a request comes: a whole URL (RFC 9112, 3.2.2), or a path inside of a tunnel.
 * @param origin Where the tunnel leads; undefined for a plain request.
 * @returns undefined for what is neither.
 */
export function readRequest(request: IncomingMessage, origin: string | undefined): BuildRequest | undefined {
  const target = request.url ?? ''
  if (origin !== undefined && !target.startsWith('/')) return undefined
  const url = origin === undefined ? URL.parse(target) : URL.parse(origin + target)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return undefined
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || hopByHop.has(name)) return []
    return [[name, Array.isArray(value) ? value.join(', ') : value]]
  })
  let read: Promise<Buffer> | undefined
  return {
    method: request.method ?? 'GET',
    url,
    headers: Object.fromEntries(headers),
    body: () => (read ??= readBody(request)),
  }
}

/** Headers that are between a client and its proxy only (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade', 'expect'],
  ...['transfer-encoding', 'content-length', 'host'],
])

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > largestBody) throw new Error(`a request with a body of more than ${largestBody} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
