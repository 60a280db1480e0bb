import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { createServer, request, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { HashingFile } from '../../src/host/hashing-file.ts'
import type { Digest } from '../../src/model/names.ts'
import type { MakeAdapter } from '../../src/proxy/adapter.ts'
import { startLockingProxy, type LockingProxy } from '../../src/proxy/locking-proxy.ts'
import type { BlobShelf, Session } from '../../src/proxy/session.ts'
import type { Network } from '../../src/proxy/upstream.ts'

/** What the tests of adapters share: a proxy that a client can use, and a web server. */

/** A web server that has the files it is given, and remembers what it was asked for. */
export class LoopbackServer {
  readonly files = new Map<string, Buffer | string>()
  readonly asked: string[] = []
  /** Answers what is no file. */
  otherwise: RequestListener = (_, response) => response.writeHead(404).end('nothing here')
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '')
      this.asked.push(path)
      const content = this.files.get(path)
      if (content === undefined) this.otherwise(request, response)
      else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(content)
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  /** Tests' proxies take every name for loopback. */
  origin(host: string): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

export interface TestProxy extends AsyncDisposable {
  /** For clients: `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly proxy: LockingProxy
  readonly notices: readonly string[]
}

/** Blobs in a plain directory. */
export function blobsIn(directory: string): BlobShelf {
  const path = (digest: Digest) => join(directory, digest.slice(7))
  return {
    path,
    has: async (digest) => (await readFile(path(digest)).catch(() => undefined)) !== undefined,
    add: async (fill) => {
      const file = await HashingFile.create(join(directory, `new-${Math.random()}`))
      await fill(file)
      const digest: Digest = `sha256:${await file.finish()}`
      await file.moveTo(path(digest))
      return { digest, bytes: file.bytes }
    },
  }
}

const loopbackOnly: Network = { resolve: () => Promise.resolve(['127.0.0.1']), refusal: () => undefined }

/** A session of the real proxy, on TCP, with the network of the tests; `directory` is where it keeps things. */
export async function startTestProxy(
  directory: string,
  session: Session,
  make: MakeAdapter,
  { network = loopbackOnly, cache }: { network?: Partial<Network>; cache?: string } = {},
): Promise<TestProxy> {
  const own = await mkdtemp(join(directory, 'proxy-'))
  const notices: string[] = []
  const blobs = join(directory, 'blobs')
  await mkdir(blobs, { recursive: true })
  const proxy = await startLockingProxy({
    socketPath: join(own, 'socket'),
    session,
    adapters: [make],
    blobs: blobsIn(blobs),
    cacheDirectory: cache ?? own,
    onFetch: () => undefined,
    onNotice: (message) => notices.push(message),
    network,
  })
  const forwarder = createTcpServer((client) => {
    const onward = connect(join(own, 'socket'))
    for (const socket of [client, onward]) socket.on('error', () => undefined)
    client.pipe(onward).pipe(client)
    client.once('close', () => onward.destroy())
    onward.once('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(forwarder.address() as AddressInfo).port}`,
    proxy,
    notices,
    [Symbol.asyncDispose]: async () => {
      forwarder.close()
      await proxy.close()
    },
  }
}

export const recording: Session = { mode: 'record', held: [] }

/** Replays an empty lock. */
export const nothing: Session = {
  mode: 'replay',
  artifacts: [],
  provide: () => Promise.reject(new Error('there is nothing to provide')),
}

/** Asks through a proxy, as a client that is not apt. */
export async function get(
  proxy: TestProxy,
  url: string,
  {
    method = 'GET',
    headers = {},
    body: sent,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const { hostname, port } = new URL(proxy.url)
  return new Promise((resolve, reject) => {
    const asking = request({ hostname, port, path: url, method, headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (text: string) => (body += text))
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
    })
    asking.once('error', reject).end(sent)
  })
}

/** Replays what a proxy has recorded. */
export function replaying(directory: string, { artifacts }: LockingProxy): Session {
  const provide = (artifact: { sha256: string }) => Promise.resolve(join(directory, 'blobs', artifact.sha256))
  return { mode: 'replay', artifacts, provide }
}
