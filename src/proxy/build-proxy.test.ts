import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startBuildProxy, type BuildProxy, type Fetch } from './build-proxy.ts'

describe('startBuildProxy()', () => {
  let directory: string
  let proxy: BuildProxy
  const fetched: Fetch[] = []
  const addresses: Record<string, string[]> = {
    'rebound.example': ['93.184.216.34', '127.0.0.1'],
    'nowhere.example': [],
  }
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-proxy-'))
    proxy = await startBuildProxy({
      socketPath: join(directory, 's'),
      onFetch: (fetch) => fetched.push(fetch),
      resolve: (host) => Promise.resolve(addresses[host] ?? [host]),
    })
  })
  after(async () => {
    await proxy.close()
    await rm(directory, { recursive: true })
  })

  function ask(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = ''
      const socket = connect(join(directory, 's'), () => socket.write(`${text}\r\n\r\n`))
      socket.on('data', (chunk) => (answer += chunk.toString()))
      socket.once('close', () => resolve(answer))
      socket.once('error', reject)
    })
  }

  const cases = [
    {
      it: 'refuses a tunnel to this host',
      ask: 'CONNECT 127.0.0.1:443 HTTP/1.1',
      answer: /^HTTP\/1.1 403 .*this host/,
    },
    {
      it: 'refuses a tunnel to an IPv6 address of this host',
      ask: 'CONNECT [::1]:443 HTTP/1.1',
      answer: /^HTTP\/1.1 403/,
    },
    {
      it: 'refuses a name of which one address is this host',
      ask: 'CONNECT rebound.example:443 HTTP/1.1',
      answer: /^HTTP\/1.1 403 .*rebound.example/,
    },
    {
      it: 'refuses plain requests for metadata',
      ask: 'GET http://169.254.169.254/latest/ HTTP/1.1\r\nHost: x\r\nConnection: close',
      answer: /^HTTP\/1.1 403[^]*metadata/,
    },
    { it: 'says that a name has no address', ask: 'CONNECT nowhere.example:443 HTTP/1.1', answer: /^HTTP\/1.1 502/ },
    {
      it: 'refuses to be a web server',
      ask: 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close',
      answer: /^HTTP\/1.1 400/,
    },
    { it: 'survives nonsense', ask: 'CONNECT :::: HTTP/1.1', answer: /^HTTP\/1.1 400/ },
  ]
  for (const { it: name, ask: text, answer } of cases) it(name, async () => assert.match(await ask(text), answer))

  it('writes down what was refused, and why', () => {
    assert.match(fetched.find(({ host }) => host === '127.0.0.1')?.refused ?? '', /this host/)
    assert.equal(proxy.log.length, fetched.length)
  })
})
