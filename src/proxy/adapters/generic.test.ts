import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import * as testing from '../../../tests/adapters/proxy.ts'
import { isAbsent, type Artifact } from '../../model/lock.ts'
import type { Session } from '../session.ts'
import { generic } from './generic.ts'
import { registryOf, versionOf } from './generic-request.ts'

const run = promisify(execFile)

describe('generic', () => {
  let directory: string
  let server: testing.LoopbackServer
  let origin: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-generic-'))
    server = new testing.LoopbackServer()
    await server.start()
    origin = server.origin('files.example.org')
  })
  beforeEach(() => {
    server.files.clear()
    server.asked.length = 0
    server.otherwise = (_, response) => response.writeHead(404).end('nothing here')
  })
  after(async () => {
    server.stop()
    await rm(directory, { recursive: true })
  })

  /** What one session makes of `work`. */
  async function session<Result>(how: Session, work: (proxy: testing.TestProxy) => Promise<Result>) {
    await using proxy = await testing.startTestProxy(directory, how, generic)
    const result = await work(proxy)
    const { artifacts, missing } = proxy.proxy
    return { result, artifacts, missing, notices: proxy.notices, replay: testing.replaying(directory, proxy.proxy) }
  }

  it('locks what curl downloads, and gives it again when the server has something else', async () => {
    const content = Buffer.from([0, 1, 2, 255, 254])
    server.files.set('/get/v1.2.3/tool', content)
    const target = join(directory, 'tool')
    const download = (proxy: testing.TestProxy) =>
      run('curl', ['-sSf', '-x', proxy.url, '-o', target, '-w', '%{content_type}', `${origin}/get/v1.2.3/tool#part`])
    const recorded = await session(testing.recording, download)
    const [artifact] = recorded.artifacts
    assert.deepEqual([artifact?.version, artifact?.size, artifact?.url], ['1.2.3', 5, `${origin}/get/v1.2.3/tool`])
    assert.equal(artifact?.name, `${new URL(origin).host}/get/v1.2.3/tool`)
    server.files.set('/get/v1.2.3/tool', 'something else')
    await rm(target)
    const replayed = await session(recorded.replay, download)
    assert.deepEqual(await readFile(target), content)
    assert.equal(replayed.result.stdout, recorded.result.stdout)
    assert.equal(server.asked.length, 1)
  })

  it('answers HEAD with what GET would', async () => {
    server.files.set('/file.json', '{"a":1}')
    const head = (proxy: testing.TestProxy) => testing.get(proxy, `${origin}/file.json`, { method: 'HEAD' })
    const recorded = await session(testing.recording, head)
    const replayed = await session(recorded.replay, head)
    for (const { result } of [recorded, replayed]) {
      assert.equal(result.status, 200)
      assert.equal(result.headers['content-length'], '7')
      assert.equal(result.headers['content-type'], 'application/json')
      assert.equal(result.body, '')
    }
    assert.equal(recorded.artifacts[0]?.size, 7)
  })

  it('keeps URLs that expire out of the lock', async () => {
    server.otherwise = ({ url }, response) => {
      if (url === '/asset') response.writeHead(302, { location: '/store?signature=secret' }).end()
      else response.end('content')
    }
    const { result, artifacts } = await session(testing.recording, (proxy) => testing.get(proxy, `${origin}/asset`))
    assert.equal(result.body, 'content')
    assert.deepEqual(
      artifacts.map(({ url }) => url),
      [`${origin}/asset`],
    )
  })

  it('keeps credentials out of the lock, and sends them', async () => {
    const seen: unknown[] = []
    server.otherwise = ({ headers }, response) => {
      seen.push(headers.authorization, headers['private-token'], headers['if-none-match'], headers.range)
      response.end('content')
    }
    const url = origin.replace('://', '://user:word@')
    const headers = { 'private-token': 'token', 'if-none-match': '"x"', range: 'bytes=1-2' }
    const recorded = await session(testing.recording, (proxy) => testing.get(proxy, `${url}/private`, { headers }))
    assert.deepEqual(seen, [`Basic ${Buffer.from('user:word').toString('base64')}`, 'token', undefined, undefined])
    assert.doesNotMatch(JSON.stringify(recorded.artifacts), /word|token/)
    const again = await session(recorded.replay, (proxy) => testing.get(proxy, `${url}/private`))
    assert.equal(again.result.body, 'content')
  })

  it('tells queries apart', async () => {
    server.otherwise = ({ url }, response) => response.end(url)
    const both = async (proxy: testing.TestProxy) => [
      (await testing.get(proxy, `${origin}/get?a=1`)).body,
      (await testing.get(proxy, `${origin}/get?a=2`)).body,
    ]
    const recorded = await session(testing.recording, both)
    assert.equal(new Set(recorded.artifacts.map(({ name }) => name)).size, 2)
    assert.deepEqual((await session(recorded.replay, both)).result, ['/get?a=1', '/get?a=2'])
  })

  for (const status of [404, 410]) {
    it(`remembers that a server answered ${status}`, async () => {
      server.otherwise = (_, response) => response.writeHead(status).end()
      const ask = (proxy: testing.TestProxy) => testing.get(proxy, `${origin}/maybe`)
      const recorded = await session(testing.recording, ask)
      assert.equal(recorded.result.status, status)
      assert.deepEqual(recorded.artifacts.map(isAbsent), [true])
      assert.deepEqual(recorded.artifacts[0]?.tags, [`absent:${status}`])
      server.files.set('/maybe', 'now it is here')
      const replayed = await session(recorded.replay, ask)
      assert.equal(replayed.result.status, status)
      assert.deepEqual(replayed.missing, [])
    })
  }

  it('remembers no other failure', async () => {
    server.otherwise = (_, response) => response.writeHead(500).end()
    const { result, artifacts } = await session(testing.recording, (proxy) => testing.get(proxy, `${origin}/broken`))
    assert.equal(result.status, 500)
    assert.deepEqual(artifacts, [])
  })

  it('refuses what is not only read, and says why', async () => {
    const post = (proxy: testing.TestProxy) => testing.get(proxy, `${origin}/log`, { method: 'POST' })
    const { result, notices } = await session(testing.recording, post)
    assert.equal(result.status, 403)
    assert.match(notices.join(), /POST to .*\/log: refused, because/)
    assert.deepEqual(server.asked, [])
    assert.equal((await session(testing.nothing, post)).result.status, 403)
  })

  it('names a URL that is missing in the lock', async () => {
    const { result, missing } = await session(testing.nothing, (proxy) => testing.get(proxy, `${origin}/other`))
    assert.equal(result.status, 403)
    assert.match(result.body, /not in berth.lock/)
    assert.deepEqual(missing, [`${origin}/other`])
    assert.deepEqual(server.asked, [])
  })

  it('keeps to what an earlier lock has while its content is there', async () => {
    server.files.set('/latest', 'one')
    const ask = (proxy: testing.TestProxy) => testing.get(proxy, `${origin}/latest`)
    const first = await session(testing.recording, ask)
    server.files.set('/latest', 'two')
    const second = await session({ mode: 'record', held: first.artifacts }, ask)
    assert.equal(second.result.body, 'one')
    assert.deepEqual(second.artifacts, first.artifacts)
    const lost = first.artifacts.map((artifact) => ({ ...artifact, sha256: '0'.repeat(64) }))
    assert.equal((await session({ mode: 'record', held: lost }, ask)).result.body, 'two')
  })

  it('says once what it cannot do for a registry, and for a date', async () => {
    const how: Session = { mode: 'record', held: [], asOf: new Date('2020-01-01') }
    server.otherwise = (_, response) => response.end('{}')
    const { notices } = await session(how, async (proxy) => {
      for (const path of ['/packages.json', '/p2/psr/log.json', '/gems/rack-1.gem', '/gems/rake-1.gem']) {
        await testing.get(proxy, origin + path)
      }
    })
    assert.equal(notices.filter((notice) => notice.includes('Composer')).length, 1)
    assert.equal(notices.filter((notice) => notice.includes('RubyGems')).length, 1)
    assert.equal(notices.filter((notice) => notice.includes('no history')).length, 1)
  })

  it('leaves commits to others', async () => {
    const commit: Artifact = { kind: 'git', name: 'x', version: 'x', url: `${origin}/x.git`, sha256: '', size: 0 }
    const how = { ...testing.nothing, artifacts: [commit] } as Session
    assert.equal((await session(how, (proxy) => testing.get(proxy, `${origin}/x.git`))).result.status, 403)
  })

  const types: readonly (readonly [path: string, content: string | Buffer, type: string])[] = [
    ['/a.tar.gz', 'x', 'application/gzip'],
    ['/page', '<!DOCTYPE html><p>', 'text/html'],
    ['/api', ' {"a":1}', 'application/json'],
    ['/feed', '<?xml version="1.0"?>', 'application/xml'],
    ['/script', '#!/bin/sh\necho ü', 'text/plain'],
    ['/cut', `${'x'.repeat(511)}ü`, 'text/plain'],
    ['/binary', Buffer.from([0x7f, 0x45, 0]), 'application/octet-stream'],
    ['/latin', Buffer.from([0xfc, 0x65, 0x66]), 'application/octet-stream'],
    ['/empty', '', 'text/plain'],
  ]
  for (const [path, content, type] of types) {
    it(`takes ${path} for ${type}`, async () => {
      server.files.set(path, content)
      const ask = (proxy: testing.TestProxy) => testing.get(proxy, origin + path)
      const recorded = await session(testing.recording, ask)
      assert.equal(recorded.result.headers['content-type'], type)
      assert.equal((await session(recorded.replay, ask)).result.headers['content-type'], type)
    })
  }
})

describe('versionOf()', () => {
  const cases: Record<string, string> = {
    '/dist/v20.1.0/node-v20.1.0-linux-x64.tar.xz': '20.1.0',
    '/releases/download/v1.2.3/tool_linux_amd64': '1.2.3',
    '/tool-2.0.0-rc.1.tgz': '2.0.0-rc.1',
    '/tool@1.4/index.js': '1.4',
    '/archive/main.zip': '',
    '/': '',
  }
  for (const [path, version] of Object.entries(cases)) {
    it(`finds ${version === '' ? 'none' : version} in ${path}`, () => {
      assert.equal(versionOf(new URL(path, 'https://example.org')), version)
    })
  }
})

describe('registryOf()', () => {
  const of = (path: string, agent = '') =>
    registryOf({
      method: 'GET',
      url: new URL(path, 'https://example.org'),
      headers: { 'user-agent': agent },
      body: () => Promise.resolve(Buffer.alloc(0)),
    })
  it('knows clients by their names, and registries by their paths', () => {
    assert.equal(of('/versions', 'bundler/2.4 rubygems/3.4'), 'RubyGems')
    assert.equal(of('/se/rd/serde', 'cargo 1.80.0 (376290515 2024-07-16)'), 'Cargo')
    assert.equal(of('/api/v1/crates/serde/1.0.0/download'), 'Cargo')
    assert.equal(of('/maven2/org/x/maven-metadata.xml'), 'Maven')
    assert.equal(of('/install.sh', 'curl/8'), undefined)
  })
})
