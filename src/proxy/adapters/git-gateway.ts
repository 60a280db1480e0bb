import { randomBytes } from 'node:crypto'
import { closeServer, createHttpServer, type IncomingMessage } from '../../host/sockets.ts'
import type { Recorder } from '../adapter.ts'

/** A way for the host's git to a repository that goes through the recorder, which alone knows where a build may go. */
export interface GitGateway {
  readonly url: string
  close(): Promise<void>
}

interface Target {
  /** Of the repository, without a slash at the end. */
  readonly repository: string
  /** Credentials of the build. */
  readonly headers: Readonly<Record<string, string>>
}

const passedOn = ['accept', 'content-type', 'content-encoding', 'git-protocol']

/** Listens on loopback, at a path that nobody can guess; it knows two requests (gitprotocol-http(5)). */
export async function openGateway(recorder: Recorder, { repository, headers }: Target): Promise<GitGateway> {
  const secret = randomBytes(16).toString('hex')
  let base = repository
  const server = createHttpServer((request, response) => {
    const rest = request.url?.startsWith(`/${secret}/`) ? request.url.slice(secret.length + 1) : ''
    if (!/^\/(info\/refs\?service=git-upload-pack|git-upload-pack)$/.test(rest)) {
      response.writeHead(404).end()
      return
    }
    const own = passedOn.flatMap((name) => {
      const value = request.headers[name]
      return typeof value === 'string' ? [[name, value] as const] : []
    })
    const pass = async () => {
      const asking = { ...headers, ...Object.fromEntries(own), 'accept-encoding': 'identity' }
      const body = request.method === 'POST' ? { method: 'POST', body: await readAll(request) } : {}
      const answer = await recorder.ask(new URL(base + rest), { headers: asking, ...body })
      // A server that has moved the repository answers nothing at the old address but where it is.
      if (rest.startsWith('/info')) base = answer.url.href.replace(/\/info\/refs\?.*$/, '')
      response.writeHead(answer.status, { 'content-type': answer.headers['content-type'] ?? '' }).end(answer.body)
    }
    pass().catch((error: unknown) => {
      response.writeHead(502).end(error instanceof Error ? error.message : 'no answer')
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { url: `http://127.0.0.1:${port}/${secret}`, close: () => closeServer(server) }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
