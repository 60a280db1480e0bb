import { requestHttp } from './http.ts'

/** What a request came to: an answer, or why there was none. */
export type PostAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'silence'; readonly reason: string }

export interface PostRequest {
  readonly address: string
  readonly port: number
  readonly path: string
  readonly host: string
  /** Without one, it is a GET. */
  readonly body?: string
  readonly seconds: number
}

/** Bytes of an answer that are read; a hostile application may send for ever. */
const mostBytes = 1024 * 1024

/** One request to an application that nobody trusts, on a connection of its own. Never rejects. */
export function post({ address, port, path, host, body, seconds }: PostRequest): Promise<PostAnswer> {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST'
    const headers = { host, connection: 'close', 'content-type': 'application/yaml' }
    const asking = requestHttp({ host: address, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostBytes) response.destroy(new Error('the answer is too long'))
        else chunks.push(chunk)
      })
      response.once('end', () =>
        resolve({ kind: 'answer', status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      )
      response.once('error', ({ message }) => resolve({ kind: 'silence', reason: message }))
    })
    const deadline = setTimeout(() => asking.destroy(new Error(`no answer within ${seconds} s`)), seconds * 1000)
    asking.once('close', () => clearTimeout(deadline))
    asking.once('error', ({ message }) => resolve({ kind: 'silence', reason: message }))
    asking.end(body)
  })
}
