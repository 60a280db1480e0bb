import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { NpmRegistry, tarballOf } from '../../../tests/adapters/npm-registry.ts'
import * as testing from '../../../tests/adapters/proxy.ts'
import type { Session } from '../session.ts'
import { npm } from './npm.ts'

const abbreviated = { accept: 'application/vnd.npm.install-v1+json' }

/** What clients do not do by themselves in a test, and what registries should not do. */
describe('npm, asked directly,', () => {
  const registry = new NpmRegistry()
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-npm-'))
    await registry.start()
  })
  beforeEach(() => registry.clear())
  after(async () => {
    registry.server.stop()
    await rm(directory, { recursive: true })
  })

  it('adds a tag that it hears of after it has taken the package', async () => {
    await registry.publish({ name: 'late', version: '1.0.0' })
    await using proxy = await testing.startTestProxy(directory, testing.recording, npm)
    const take = () => testing.get(proxy, `${registry.url}/late/-/late-1.0.0.tgz`)
    await take()
    assert.deepEqual(
      proxy.proxy.artifacts.map(({ tags }) => tags),
      [undefined],
    )
    await testing.get(proxy, `${registry.url}/late`, { headers: abbreviated })
    await take()
    assert.deepEqual(
      proxy.proxy.artifacts.map(({ tags }) => tags),
      [['latest']],
    )
  })

  it('answers for one version or tag', async () => {
    await registry.publish({ name: 'one', version: '1.0.0' })
    await registry.publish({ name: 'one', version: '2.0.0-rc.1' }, { tags: ['next'] })
    const ask = async (proxy: testing.TestProxy, path: string) => {
      const { body } = await testing.get(proxy, registry.url + path, { headers: abbreviated })
      const { version, dist } = JSON.parse(body) as { version?: string; dist?: { tarball: string } }
      if (dist) await testing.get(proxy, dist.tarball)
      return version
    }
    await using recorder = await testing.startTestProxy(directory, testing.recording, npm)
    const paths = ['/one/latest', '/one/next', '/one/1.0.0']
    const recorded = await Promise.all(paths.map((path) => ask(recorder, path)))
    assert.deepEqual(recorded, ['1.0.0', '2.0.0-rc.1', '1.0.0'])
    await using player = await testing.startTestProxy(directory, testing.replaying(directory, recorder.proxy), npm)
    assert.deepEqual(await Promise.all(paths.map((path) => ask(player, path))), recorded)
    const session: Session = { mode: 'record', held: [], asOf: new Date('2016-01-01') }
    await using early = await testing.startTestProxy(directory, session, npm)
    assert.equal((await testing.get(early, `${registry.url}/one/latest`, { headers: abbreviated })).status, 404)
  })

  it('answers audits, searches and pings without asking anybody', async () => {
    for (const session of [testing.recording, testing.nothing]) {
      await using proxy = await testing.startTestProxy(directory, session, npm)
      registry.server.asked.length = 0
      const ask = (path: string, method = 'GET') => testing.get(proxy, `${registry.url}/-/${path}`, { method })
      assert.equal((await ask('npm/v1/security/advisories/bulk', 'POST')).body, '{}')
      assert.match((await ask('npm/v1/security/audits/quick', 'POST')).body, /"vulnerabilities":\{"info":0/)
      assert.match((await ask('v1/search?text=x')).body, /"objects":\[\]/)
      assert.equal((await ask('ping')).status, 200)
      assert.equal((await ask('whoami')).status, 401)
      assert.equal((await ask('npm/v1/keys')).status, 404)
      assert.deepEqual(registry.server.asked, [])
      assert.deepEqual(proxy.proxy.artifacts, [])
      assert.deepEqual(proxy.proxy.missing, [])
    }
  })

  it('refuses a package that is not what its registry has announced', async () => {
    await registry.publish({ name: 'forged', version: '1.0.0' })
    registry.server.files.set('/forged/-/forged-1.0.0.tgz', await tarballOf({ 'package.json': '{"name":"evil"}' }))
    await using proxy = await testing.startTestProxy(directory, testing.recording, npm)
    await testing.get(proxy, `${registry.url}/forged`, { headers: abbreviated })
    const { status, body } = await testing.get(proxy, `${registry.url}/forged/-/forged-1.0.0.tgz`)
    assert.equal(status, 502)
    assert.match(body, /forged@1\.0\.0 from registry\.example\.org:\d+ is not what its registry has announced/)
  })

  it('takes from a document what a lock can hold, and nothing about the packages of others', async () => {
    await registry.publish({ name: 'victim', version: '1.0.0' })
    const dist = { tarball: `${registry.url}/victim/-/victim-1.0.0.tgz`, integrity: 'sha512-AAAA' }
    await registry.publish(
      { name: 'evil', version: '1.0.0' },
      { announced: { dist }, tags: ['latest', 'new\nline', 'x'.repeat(5000), 'ünïcode'] },
    )
    await registry.publish({ name: 'evil', version: 'no version\n' }, { path: '/odd', tags: [] })
    await using proxy = await testing.startTestProxy(directory, testing.recording, npm)
    for (const path of ['/victim', '/evil']) await testing.get(proxy, registry.url + path, { headers: abbreviated })
    assert.equal((await testing.get(proxy, dist.tarball)).status, 200)
    assert.equal((await testing.get(proxy, `${registry.url}/odd`)).status, 403)
    await testing.get(proxy, `${registry.url}/evil/-/evil-1.0.0.tgz`)
    assert.deepEqual(
      proxy.proxy.artifacts.map(({ name, version, tags }) => [name, version, tags]),
      [
        ['victim', '1.0.0', ['latest']],
        ['evil', '1.0.0', ['latest']],
      ],
    )
  })

  it('passes on what a registry says when it has no package', async () => {
    registry.server.files.set('/gateway', '<html>busy</html>')
    await using proxy = await testing.startTestProxy(directory, testing.recording, npm)
    const page = await testing.get(proxy, `${registry.url}/gateway`, { headers: abbreviated })
    assert.deepEqual([page.status, page.body], [200, '<html>busy</html>'])
    const absent = await testing.get(proxy, `${registry.url}/absent`, { headers: abbreviated })
    assert.deepEqual([absent.status, absent.body], [404, '{"error":"Not found"}'])
    assert.equal((await testing.get(proxy, `${registry.url}/absent/-/absent-1.0.0.tgz`)).status, 404)
    assert.deepEqual(proxy.proxy.artifacts, [])
  })

  it('reads what is compressed, within limits', async () => {
    await registry.publish({ name: 'packed', version: '1.0.0' })
    const document = gzipSync(registry.server.files.get('/packed') ?? '')
    registry.server.files.delete('/packed')
    const answers: Record<string, [string, Buffer]> = {
      '/packed': ['gzip', document],
      '/bomb': ['gzip', gzipSync(Buffer.alloc(513 * 1024 ** 2))],
      '/cut': ['gzip', document.subarray(0, 50)],
      '/odd': ['br', document],
    }
    registry.server.otherwise = (request, response) => {
      const [encoding, body] = answers[request.url ?? ''] ?? ['identity', Buffer.alloc(0)]
      response.writeHead(200, { 'content-encoding': encoding }).end(body)
    }
    await using proxy = await testing.startTestProxy(directory, testing.recording, npm)
    const ask = async (path: string) => (await testing.get(proxy, registry.url + path, { headers: abbreviated })).body
    assert.match(await ask('/packed'), /"latest":"1\.0\.0"/)
    assert.match(await ask('/bomb'), /cannot be unpacked/)
    assert.match(await ask('/cut'), /cannot be unpacked/)
    assert.match(await ask('/odd'), /in the encoding br/)
  })

  it('leaves other JSON to others', async () => {
    registry.server.files.set('/status', '{"versions":1}')
    for (const session of [testing.recording, testing.nothing]) {
      await using proxy = await testing.startTestProxy(directory, session, npm)
      const { status } = await testing.get(proxy, `${registry.url}/status`, { headers: { accept: 'application/json' } })
      assert.equal(status, 403)
    }
  })
})
