import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { HashingFile } from '../host/hashing-file.ts'
import type { Artifact } from '../model/lock.ts'
import type { Digest } from '../model/names.ts'
import { hashMismatch } from '../model/problems/install.ts'
import type { Adapter, MakeAdapter } from './adapter.ts'
import type { Fetch } from './dispatcher.ts'
import { startLockingProxy, type LockingProxy, type LockingProxyOptions } from './locking-proxy.ts'
import type { BlobShelf, Session } from './session.ts'

const run = promisify(execFile)

/** Files are locked by their URL, `/document` passes. */
const files: MakeAdapter = () => {
  const adapter: Adapter = {
    kind: 'http',
    record: async ({ url }, recorder) => {
      if (url.pathname === '/document') return { status: 200, body: (await recorder.ask(url)).body }
      const { sha256 } = await recorder.take({ kind: 'http', name: url.href, version: '' }, url)
      return { status: 200, body: { blob: `sha256:${sha256}` } }
    },
    replay: async ({ url }, shelf) => {
      const artifact = shelf.artifacts.find((known) => known.url === url.href)
      if (!artifact) return undefined
      await shelf.provide(artifact)
      return { status: 200, body: { blob: `sha256:${artifact.sha256}` } }
    },
  }
  return adapter
}

describe('startLockingProxy()', () => {
  let directory: string
  let registry: Server
  let origin: string
  let asked: string[] = []
  /** Of the registry: connections over which it has answered. */
  const used = new WeakSet<Socket>()
  let closed = 0
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-proxy-'))
    await mkdir(join(directory, 'blobs'))
    registry = createServer((request, response) => {
      asked.push(request.url ?? '')
      if (request.url?.startsWith('/closing') && used.has(request.socket)) {
        closed += 1
        request.socket.destroy()
        return
      }
      used.add(request.socket)
      if (request.url === '/gone') response.writeHead(404).end()
      else if (request.url === '/moved') response.writeHead(302, { location: '/file' }).end()
      else response.end(`content of ${request.url ?? ''}`)
    })
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
    origin = `http://registry.example:${(registry.address() as AddressInfo).port}`
  })
  after(async () => {
    registry.close()
    await rm(directory, { recursive: true })
  })

  const blobs: BlobShelf = {
    has: async (digest) => (await readFile(blobs.path(digest)).catch(() => undefined)) !== undefined,
    path: (digest) => join(directory, 'blobs', digest.slice(7)),
    add: async (fill) => {
      const file = await HashingFile.create(join(directory, `blob-${Math.random()}`))
      await fill(file)
      const digest: Digest = `sha256:${await file.finish()}`
      await file.moveTo(blobs.path(digest))
      return { digest, bytes: file.bytes }
    },
  }

  interface Running extends AsyncDisposable {
    readonly proxy: LockingProxy
    readonly fetched: readonly Fetch[]
    curl(...args: string[]): Promise<{ stdout: string; code: number }>
    raw(text: string): Promise<string>
  }

  let counter = 0
  async function start(session: Session, more: Partial<LockingProxyOptions> = {}): Promise<Running> {
    const socketPath = join(directory, `socket-${(counter += 1)}`)
    const fetched: Fetch[] = []
    const proxy = await startLockingProxy({
      socketPath,
      session,
      adapters: [files],
      blobs,
      cacheDirectory: directory,
      onFetch: (fetch) => fetched.push(fetch),
      onNotice: () => undefined,
      network: { resolve: () => Promise.resolve(['127.0.0.1']), refusal: () => undefined },
      ...more,
    })
    const bundle = join(directory, 'authority.pem')
    await writeFile(bundle, proxy.certificate)
    const forwarder = await forward(socketPath)
    const { port } = forwarder.address() as AddressInfo
    return {
      proxy,
      fetched,
      curl: async (...args) => {
        const argv = ['-sS', '-m', '60', '--cacert', bundle, '-x', `http://127.0.0.1:${port}`, ...args]
        return run('curl', argv).then(
          ({ stdout }) => ({ stdout, code: 0 }),
          (error: unknown) => error as { stdout: string; code: number },
        )
      },
      raw: (text) => converse(socketPath, text),
      [Symbol.asyncDispose]: async () => {
        forwarder.close()
        await proxy.close()
      },
    }
  }

  const record: Session = { mode: 'record', held: [] }
  const replay = (artifacts: readonly Artifact[], provide = pathOf): Session => ({ mode: 'replay', artifacts, provide })
  const pathOf = (artifact: Artifact) => Promise.resolve(blobs.path(`sha256:${artifact.sha256}`))
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

  it('records what it fetches, by hash', async () => {
    await using running = await start(record)
    const { stdout } = await running.curl(`${origin}/file`)
    assert.equal(stdout, 'content of /file')
    assert.deepEqual(running.proxy.artifacts, [
      {
        kind: 'http',
        name: `${origin}/file`,
        version: '',
        url: `${origin}/file`,
        sha256: sha256('content of /file'),
        size: 16,
      },
    ])
    assert.equal(running.fetched[0]?.bytes, 16)
  })

  it('fetches nothing twice, and locks no documents', async () => {
    await using running = await start(record)
    asked = []
    await Promise.all([running.curl(`${origin}/twice`), running.curl(`${origin}/twice`)])
    await running.curl(`${origin}/document`)
    assert.deepEqual(asked.sort(), ['/document', '/twice'])
    assert.equal(running.proxy.artifacts.length, 1)
  })

  it('asks again when a server closes a connection that was kept', async () => {
    await using running = await start(record)
    // It keeps one for seconds, which are over by now where a machine stalls.
    for (let round = 0; round < 20 && closed === 0; round += 1) {
      await running.curl(`${origin}/document`)
      assert.equal((await running.curl(`${origin}/closing?${round}`)).stdout, `content of /closing?${round}`)
    }
    assert.ok(closed > 0, 'no connection was kept')
  })

  it('never closes a connection that a build keeps', async () => {
    await using running = await start(record)
    const { stdout } = await running.curl('-i', `${origin}/file`)
    assert.match(stdout, /^connection: keep-alive\r$/im)
    assert.doesNotMatch(stdout, /^keep-alive:/im)
  })

  it('follows redirects itself, so that a lock holds the first URL', async () => {
    await using running = await start(record)
    const { stdout } = await running.curl('-i', `${origin}/moved`)
    assert.match(stdout, /^HTTP\/1.1 200[^]*\r\n\r\ncontent of \/file$/)
    assert.equal(running.proxy.artifacts[0]?.url, `${origin}/moved`)
  })

  it('passes on that something is not there', async () => {
    await using running = await start(record)
    const { stdout } = await running.curl('-i', `${origin}/gone`)
    assert.match(stdout, /^HTTP\/1.1 404/)
    assert.deepEqual(running.proxy.artifacts, [])
  })

  it('opens tunnels with a certificate of its own, by name and by address', async () => {
    const artifact: Artifact = {
      ...{ kind: 'http', name: 'x', version: '', size: 7 },
      url: 'https://locked.example/x',
      sha256: sha256('sealed!'),
    }
    await writeFile(blobs.path(`sha256:${artifact.sha256}`), 'sealed!')
    const byAddress = { ...artifact, url: 'https://192.0.2.7/x' }
    await using running = await start(replay([artifact, byAddress]))
    assert.equal((await running.curl('https://locked.example/x')).stdout, 'sealed!')
    assert.equal((await running.curl('https://192.0.2.7/x')).stdout, 'sealed!')
  })

  it('connects to nothing while it replays', async () => {
    await using running = await start(replay([]))
    asked = []
    const { stdout } = await running.curl('-i', `${origin}/file`)
    assert.match(stdout, /^HTTP\/1.1 403[^]*not in berth.lock/)
    const tunnelled = await running.curl('-p', '-i', `${origin}/file`)
    assert.match(tunnelled.stdout, /403[^]*not in berth.lock/)
    assert.deepEqual(asked, [])
    assert.deepEqual(running.proxy.missing, [`${origin}/file`])
  })

  it('keeps what went wrong on its own side', async () => {
    const artifact: Artifact = {
      ...{ kind: 'http', name: 'x', version: '', size: 7 },
      url: 'http://locked.example/x',
      sha256: '0'.repeat(64),
    }
    const mismatch = hashMismatch({ url: artifact.url, expected: 'sha256:0', found: 'sha256:1' })
    await using running = await start(replay([artifact], () => Promise.reject(mismatch)))
    assert.match((await running.curl('-i', artifact.url)).stdout, /^HTTP\/1.1 502/)
    assert.equal(running.proxy.failure, mismatch)
  })

  it('refuses to record from this host and from link-local addresses', async () => {
    const addresses: Record<string, string[]> = { 'rebound.example': ['93.184.216.34', '127.0.0.1'] }
    const resolve = (host: string) => Promise.resolve(addresses[host] ?? [host])
    await using running = await start(record, { network: { resolve } })
    for (const url of ['http://127.0.0.1/', 'http://[::1]/', 'http://rebound.example/', 'http://169.254.169.254/']) {
      assert.match((await running.curl('-i', '-g', url)).stdout, /^HTTP\/1.1 403[^]*may not reach/, url)
    }
    assert.match((await running.curl('-i', '-k', 'https://127.0.0.1/')).stdout, /403[^]*may not reach/)
    assert.equal(running.fetched.filter(({ refused }) => refused !== undefined).length, 5)
  })

  const nonsense = [
    { it: 'is no web server', text: 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close', answer: /^HTTP\/1.1 400/ },
    { it: 'survives a tunnel to nowhere', text: 'CONNECT :::: HTTP/1.1', answer: /^HTTP\/1.1 400/ },
    {
      it: 'knows no other scheme',
      text: 'GET ftp://x/ HTTP/1.1\r\nHost: x\r\nConnection: close',
      answer: /^HTTP\/1.1 400/,
    },
    {
      it: 'ends a tunnel in which nobody speaks HTTP',
      text: 'CONNECT x.example:22 HTTP/1.1\r\n\r\nSSH-2.0-OpenSSH_9.2\r\n',
      answer: /^HTTP\/1.1 200 Connection Established\r\n\r\n$/,
    },
  ]
  for (const { it: name, text, answer } of nonsense) {
    it(name, async () => {
      await using running = await start(record)
      assert.match(await running.raw(text), answer)
    })
  }
})

/** A TCP port in front of a unix socket: curl has no proxies on sockets. */
async function forward(socketPath: string): Promise<TcpServer> {
  const server = createTcpServer((client) => {
    const onward = connect(socketPath)
    for (const socket of [client, onward]) socket.on('error', () => undefined)
    client.pipe(onward).pipe(client)
    client.once('close', () => onward.destroy())
    onward.once('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function converse(socketPath: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(socketPath, () => socket.write(`${text}\r\n\r\n`))
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.once('close', () => resolve(answer))
    socket.once('error', reject)
  })
}
