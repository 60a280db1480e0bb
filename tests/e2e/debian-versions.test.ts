import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findDebianMirror } from '../../src/host/debian-mirror.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import type { Artifact } from '../../src/model/lock.ts'
import { pythonApp } from './apps.ts'
import { DownloadServer } from './download-server.ts'
import { OwnArchive } from './own-archive.ts'
import { TestBerth } from './test-berth.ts'

const names = ['berth-alpha', 'berth-beta']
const at = (version: string) => Object.fromEntries(names.map((name) => [name, version]))

describe('what berth itself chooses of Debian', { timeout: 600_000 }, () => {
  it('is as it was at a date, out of a mirror of snapshots', async () => {
    const mirror = (await findDebianMirror(process.env))?.main ?? assert.fail('this host knows no Debian mirror')
    const asked: string[] = []
    // Today's archive under the name of a day, which is all that a mirror of snapshots is today.
    const mirrored = createServer(({ url = '' }, response) => {
      asked.push(url)
      const path = /^\/debian\/20990101T000000Z\/(.*)$/.exec(url)?.[1]
      response.writeHead(path === undefined ? 404 : 302, path === undefined ? {} : { location: mirror + path }).end()
    })
    await new Promise<void>((resolve) => mirrored.listen(0, '127.0.0.1', resolve))
    await using berth = await TestBerth.create()
    try {
      const { port } = mirrored.address() as AddressInfo
      berth.environment['BERTH_DEBIAN_SNAPSHOT'] = `http://127.0.0.1:${port}/{archive}/{timestamp}`
      const folder = await berth.folder(pythonApp({ name: 'dated' }))
      await berth.ok('lock', folder, '--as-of', '2099-01-01')
      const { artifacts } = parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
      const debs = artifacts.filter(({ kind }) => kind === 'deb')
      assert.ok(debs.length > 20)
      for (const { url } of debs) assert.match(url, /\/debian\/20990101T000000Z\/pool\//)
      assert.ok(asked.includes('/debian-security/20990101T000000Z/dists/bookworm-security/InRelease'))
    } finally {
      mirrored.close()
    }
  })
})

describe('what apt-get of a Dockerfile installs', { timeout: 900_000 }, () => {
  let server: DownloadServer
  let archive: OwnArchive
  let berth: TestBerth
  let folder: string
  before(async () => {
    server = await DownloadServer.create()
    archive = await OwnArchive.create(server)
    berth = await newBerth()
    folder = await appFolder()
  })
  after(async () => {
    await berth[Symbol.asyncDispose]()
    await archive[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  async function newBerth(): Promise<TestBerth> {
    const made = await TestBerth.create()
    made.environment['BERTH_DEBIAN_SNAPSHOT'] = `${server.origin}/kept/{archive}/{timestamp}`
    return made
  }

  function appFolder(): Promise<string> {
    const source = `deb [signed-by=/etc/apt/keyrings/archive.asc] ${server.origin}/debian own main`
    return berth.folder({
      'archive.asc': archive.publicKey,
      'berth.toml': 'name = "versions"\n[start]\ncommand = "true"\n',
      Dockerfile: [
        'FROM debian:bookworm-slim',
        'COPY archive.asc /etc/apt/keyrings/archive.asc',
        `RUN rm /etc/apt/sources.list && echo "${source}" > /etc/apt/sources.list.d/own.list`,
        `RUN apt-get update && apt-get install -y ${names.join(' ')} && ls /etc/apt/*.d > /seen`,
        '',
      ].join('\n'),
    })
  }

  async function locked(): Promise<Artifact[]> {
    const { artifacts } = parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
    return artifacts.filter(({ name }) => names.includes(name))
  }

  const versions = async () => (await locked()).map(({ version }) => version)

  it('stays what it is when the archive has gone on, but for what is asked to move', async () => {
    await archive.publish('debian', at('1'))
    await berth.ok('lock', folder)
    assert.deepEqual(await versions(), ['1', '1'])
    await archive.publish('debian', at('2'))
    await berth.ok('lock', folder, '--update', 'berth-beta')
    assert.deepEqual(await versions(), ['1', '2'])
    assert.deepEqual([...new Set((await locked()).map(({ tags }) => tags?.join()))], ['own/main'])
    assert.equal((await berth.events('build', folder, '--locked')).last.kind, 'built')
  })

  it('moves when everything may', async () => {
    await berth.ok('lock', folder, '--update')
    assert.deepEqual(await versions(), ['2', '2'])
  })

  it('moves, and the operator is told, when what is locked is nowhere to be had', async () => {
    const [alpha] = await locked()
    await rm(join(berth.home, 'blobs/sha256', alpha?.sha256 ?? ''))
    await archive.publish('debian', at('3'))
    const { events } = await berth.events('lock', folder, '--update', 'berth-beta')
    assert.deepEqual(await versions(), ['3', '3'])
    const notices = events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []))
    assert.ok(
      notices.some((message) => /berth-alpha comes as 3 now/.test(message)),
      notices.join('\n'),
    )
  })

  it('is as it was at a date, out of a mirror of snapshots, and fetched from there when the archive has it no more', async () => {
    await archive.publish('kept/debian/20260301T000000Z', at('0.5'), 'Sun, 01 Feb 2026 00:00:00 UTC')
    await berth.ok('lock', folder, '--as-of', '2026-03-01', '--update', ...names)
    assert.deepEqual(await versions(), ['0.5', '0.5'])
    for (const { url } of await locked()) assert.ok(url.startsWith(`${server.origin}/debian/pool/`), url)
    server.asked.length = 0
    await using other = await newBerth()
    for (const { sha256 } of await locked()) await rm(join(other.home, 'blobs/sha256', sha256), { force: true })
    const { last } = await other.events('build', folder, '--locked')
    assert.equal(last.kind, 'built', JSON.stringify(last))
    assert.ok(server.asked.some((line) => /^GET \/kept\/debian\/20260301T000000Z\/pool\//.test(line)))
  })

  it('is named when it is nowhere to be had', async () => {
    await archive.publish('kept/debian/20260301T000000Z', at('0.6'))
    await using other = await newBerth()
    for (const { sha256 } of await locked()) await rm(join(other.home, 'blobs/sha256', sha256), { force: true })
    for (const name of ['layers', 'cache/layers']) await rm(join(other.home, name), { recursive: true, force: true })
    const problem = await other.problem('build', folder, '--locked')
    assert.equal(problem.code, 'download-failed', JSON.stringify(problem))
    assert.match(problem.message, /berth-(alpha|beta)_0\.5_all\.deb.*404/)
  })
})
