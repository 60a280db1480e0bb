import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as archives from '../../../tests/adapters/debian-archive.ts'
import { DebianSetting, install } from '../../../tests/adapters/debian-setting.ts'
import * as testing from '../../../tests/adapters/proxy.ts'
import type { Artifact } from '../../model/lock.ts'
import { Problem } from '../../model/problem.ts'
import type { MakeAdapter } from '../adapter.ts'
import type { Session } from '../session.ts'
import { aptConfiguration } from './debian-client.ts'

describe('debian', () => {
  let setting: DebianSetting
  let directory: string
  let server: testing.LoopbackServer
  let known: archives.ArchiveKey
  let stranger: archives.ArchiveKey
  let make: MakeAdapter
  let archive: string
  before(async () => {
    setting = await DebianSetting.create()
    ;({ directory, server, known, stranger, make, archive } = setting)
  })
  after(() => setting.close())

  const publish: DebianSetting['publish'] = (...suite) => setting.publish(...suite)
  const deb: DebianSetting['deb'] = (...fields) => setting.deb(...fields)
  const source: DebianSetting['source'] = (...where) => setting.source(...where)
  const session: DebianSetting['session'] = (...how) => setting.session(...how)

  /** Records, then replays with the archive gone, and says what differs. */
  async function twice(sources: string, commands: readonly (readonly string[])[]) {
    const recorded = await session(testing.recording, sources, commands)
    assert.equal(recorded.apt.code, 0, recorded.apt.output)
    const files = new Map(server.files)
    server.files.clear()
    const asked = server.asked.length
    try {
      const replayed = await session(recorded.replay, sources, commands)
      assert.equal(replayed.apt.code, 0, replayed.apt.output)
      assert.doesNotMatch(replayed.apt.output, /^E:/m)
      assert.deepEqual(replayed.apt.fetched, recorded.apt.fetched)
      assert.equal(server.asked.length, asked)
      return { recorded, replayed }
    } finally {
      for (const [path, content] of files) server.files.set(path, content)
    }
  }

  const summary = ({ name, version, tags }: Artifact) => [name, version, ...(tags ?? [])].join(' ')

  it('locks what apt installs, and installs it again without the archive', async () => {
    const debs = [
      await deb('shop', '1:2.0+x~1', { Depends: 'library (>= 1.0)' }),
      await deb('library', '1.0', { Architecture: 'amd64', Recommends: 'extra', Priority: 'important' }),
      await deb('extra', '3'),
      await deb('unused', '1'),
    ]
    await publish('/plain/', 'stable', { debs })
    const { recorded, replayed } = await twice(source('/plain'), install('shop'))
    const expected = ['extra 3 stable/main', 'library 1.0 priority:important stable/main', 'shop 1:2.0+x~1 stable/main']
    assert.deepEqual(recorded.artifacts.map(summary).sort(), expected)
    assert.deepEqual(recorded.notices, [])
    const shop = recorded.artifacts.find(({ name }) => name === 'shop')
    assert.equal(shop?.url, `${archive}/plain/pool/main/shop_2.0%2bx~1_all.deb`)
    assert.equal(shop.size, debs[0]?.content.length)
    assert.deepEqual(replayed.notices, [])
    assert.match(replayed.apt.output, /Get:\d+ .* shop all 1:2\.0\+x~1/)
  })

  it('offers nothing that is not in the lock', async () => {
    await publish('/less/', 'stable', { debs: [await deb('wanted', '1'), await deb('unwanted', '1')] })
    const recorded = await session(testing.recording, source('/less'), install('wanted'))
    const { apt } = await session(recorded.replay, source('/less'), install('unwanted'))
    assert.equal(apt.code, 100)
    assert.match(apt.output, /E: Unable to locate package unwanted/)
  })

  it('keeps suites that share an archive apart', async () => {
    const [old, young] = [await deb('tool', '1'), await deb('tool', '2')]
    await publish('/shared/', 'old', { debs: [old] })
    await publish('/shared/', 'young', { debs: [young] })
    const sources = { old: source('/shared', 'old main'), young: source('/shared', 'young main') }
    const recorded = [
      await session(testing.recording, sources.old, install('tool')),
      await session(testing.recording, sources.young, install('tool')),
    ]
    const artifacts = recorded.flatMap((one) => one.artifacts)
    assert.deepEqual(artifacts.map(summary), ['tool 1 old/main', 'tool 2 young/main'])
    const both: Session = { ...recorded[0]!.replay, artifacts } as Session
    assert.deepEqual((await session(both, sources.old, install('tool'))).apt.fetched, ['tool_1'])
    assert.deepEqual((await session(both, sources.young, install('tool'))).apt.fetched, ['tool_2'])
  })

  it('remembers every suite that a package was listed in', async () => {
    const one = await deb('both', '1')
    await publish('/both/', 'old', { debs: [one] })
    await publish('/both/', 'young', { debs: [one] })
    await using proxy = await testing.startTestProxy(directory, testing.recording, make)
    for (const suite of ['old', 'young']) {
      const setting = { proxy, sources: source('/both', `${suite} main`), configuration: aptConfiguration('record') }
      assert.equal((await archives.runApt(directory, setting, install('both'))).code, 0)
    }
    assert.deepEqual(proxy.proxy.artifacts.map(summary), ['both 1 old/main young/main'])
  })

  it('lists a package whose suite a lock does not tell in each suite of its archive', async () => {
    await publish('/untold/', 'stable', { debs: [await deb('plain', '1')] })
    const recorded = await session(testing.recording, source('/untold'), install('plain'))
    const artifacts = recorded.artifacts.map(({ kind, name, version, url, sha256, size }) => ({
      kind,
      name,
      version,
      url,
      sha256,
      size,
    }))
    const replay = { ...recorded.replay, artifacts } as Session
    const sources = source('/untold') + source('/untold', 'updates main')
    assert.deepEqual((await session(replay, sources, install('plain'))).apt.fetched, ['plain_1'])
  })

  it('takes from backports only what is asked for', async () => {
    await publish('/ports/', 'stable', { debs: [await deb('port', '1')] })
    const release = { NotAutomatic: 'yes', ButAutomaticUpgrades: 'yes' }
    await publish('/ports/', 'stable-backports', { debs: [await deb('port', '2')], release })
    const sources = source('/ports') + source('/ports', 'stable-backports main')
    const plain = await session(testing.recording, sources, install('port'))
    const newer = await session(testing.recording, sources, install('-t', 'stable-backports', 'port'))
    const both = { ...plain.replay, artifacts: [...plain.artifacts, ...newer.artifacts] } as Session
    assert.deepEqual((await session(both, sources, install('port'))).apt.fetched, ['port_1'])
    const asked = await session(both, sources, install('-t', 'stable-backports', 'port'))
    assert.deepEqual(asked.apt.fetched, ['port_2'])
  })

  it('knows packages of other processors', async () => {
    const debs = [await deb('foreign', '1', { Architecture: 'i386' }), await deb('own', '1', { Architecture: 'amd64' })]
    await publish('/mixed/', 'stable', { debs })
    const i386 = '/mixed/dists/stable/main/binary-i386/Packages'
    const packages = archives.packagesOf(debs.slice(0, 1), 'pool/main/')
    const amd64 = archives.packagesOf(debs.slice(1), 'pool/main/')
    const files = { 'main/binary-i386/Packages': packages, 'main/binary-amd64/Packages': amd64 }
    const text = archives.releaseOf({ Components: 'main', Architectures: 'amd64 i386' }, files)
    server.files.set(i386, packages)
    server.files.set('/mixed/dists/stable/main/binary-amd64/Packages', amd64)
    server.files.set('/mixed/dists/stable/InRelease', await archives.sign(text, known, 'clear'))
    const sources = source('/mixed').replace('[', '[arch=amd64,i386 ')
    const foreign = ['-o', 'APT::Architectures::=i386']
    const { recorded } = await twice(sources, [
      ['update', ...foreign],
      ['-y', '--download-only', 'install', ...foreign, 'foreign:i386', 'own'],
    ])
    assert.equal(recorded.artifacts.length, 2)
  })

  const flat = [
    { it: 'that is named by itself', at: '/flat/', folder: './', rest: './', tag: './' },
    { it: 'with a folder of its own', at: '/flat/sub/', folder: 'sub/', rest: 'sub/', tag: 'sub/' },
    { it: 'with its packages elsewhere', at: '/flat/lists/', folder: 'all/', rest: 'lists/', tag: 'lists/' },
  ]
  for (const { it: name, at, folder, rest, tag } of flat) {
    it(`records and replays a flat repository ${name}`, async () => {
      const one = await deb(`flat-${at.split('/').length}-${folder.length}`, '1')
      const packages = archives.packagesOf([one], folder)
      server.files.set(`${at}Packages`, packages)
      const text = archives.releaseOf({}, { Packages: packages })
      server.files.set(`${at}InRelease`, await archives.sign(text, known, 'clear'))
      server.files.set(new URL(`/flat/${folder}${one.fileName}`, archive).pathname, one.content)
      const { recorded } = await twice(source('/flat', rest), install(one.fileName.split('_')[0] ?? ''))
      assert.deepEqual(recorded.artifacts[0]?.tags, [tag])
    })
  }

  it('reads a release whose signature stands beside it', async () => {
    await publish('/detached/', 'stable', { debs: [await deb('beside', '1')] }, true)
    const { recorded } = await twice(source('/detached'), install('beside'))
    assert.deepEqual(recorded.artifacts.map(summary), ['beside 1 stable/main'])
    assert.deepEqual(recorded.notices, [])
  })

  it('reads every compression that apt does, also by hash', async () => {
    const one = await deb('packed', '1')
    const packages = archives.packagesOf([one], 'pool/main/')
    server.files.set(`/packed/pool/main/${one.fileName}`, one.content)
    for (const format of ['xz', 'gz', 'bz2', 'zst', 'lz4']) {
      const packed = await archives.pack(directory, packages, format)
      const fields = { Components: 'main', Architectures: 'amd64', 'Acquire-By-Hash': 'yes' }
      const path = 'main/binary-amd64/Packages'
      const text = archives.releaseOf(fields, { [path]: packages, [`${path}.${format}`]: packed })
      server.files.set('/packed/dists/stable/InRelease', await archives.sign(text, known, 'clear'))
      server.files.set(`/packed/dists/stable/main/binary-amd64/by-hash/SHA256/${archives.sha256(packed)}`, packed)
      const { artifacts, apt } = await session(testing.recording, source('/packed'), install('packed'))
      assert.deepEqual(artifacts.map(summary), ['packed 1 stable/main'], `${format}: ${apt.output}`)
    }
  })

  it('says once which archive it cannot check', async () => {
    await publish('/third/', 'stable', { debs: [await deb('third', '1')], key: stranger })
    const { recorded } = await twice(source('/third', 'stable main', stranger), [['update'], ...install('third')])
    assert.equal(recorded.notices.length, 1)
    assert.match(recorded.notices[0] ?? '', /cannot tell who signed .*\/third\/dists\/stable\/.*no key/)
  })

  it('refuses a release that was changed after it was signed', async () => {
    await publish('/forged/', 'stable', { debs: [await deb('forged', '1')] })
    const path = '/forged/dists/stable/InRelease'
    server.files.set(path, String(server.files.get(path)).replace('Components: main', 'Components: evil'))
    const { failure, artifacts } = await session(testing.recording, source('/forged'), install('forged'))
    assert.equal((failure as Problem).code, 'archive-signature-bad')
    assert.deepEqual(artifacts, [])
  })

  it('refuses an index that is not the one that was signed', async () => {
    await publish('/swapped/', 'stable', { debs: [await deb('swapped', '1')] })
    const path = '/swapped/dists/stable/main/binary-amd64/Packages'
    server.files.set(path, String(server.files.get(path)).replace('a test', 'a best'))
    const { failure, artifacts } = await session(testing.recording, source('/swapped'), install('swapped'))
    assert.equal((failure as Problem).code, 'hash-mismatch')
    assert.deepEqual(artifacts, [])
  })

  it('refuses a package that is not the one that was listed', async () => {
    const one = await deb('altered', '1')
    await publish('/altered/', 'stable', { debs: [one] })
    const content = Buffer.from(one.content)
    content.write('x', content.length - 1)
    server.files.set(`/altered/pool/main/${one.fileName}`, content)
    const { failure, apt } = await session(testing.recording, source('/altered'), install('altered'))
    assert.equal((failure as Problem).code, 'hash-mismatch')
    assert.notEqual(apt.code, 0)
  })

  it('says that a date cuts nothing off an archive that is younger', async () => {
    await publish('/dated/', 'stable', { debs: [await deb('dated', '1')] })
    const asOf = (day: string): Session => ({ mode: 'record', held: [], asOf: new Date(day) })
    const before = await session(asOf('2026-05-01'), source('/dated'), [['update'], ['update']])
    assert.equal(before.notices.length, 1)
    assert.match(before.notices[0] ?? '', /2026-06-01.*2026-05-01/)
    assert.deepEqual((await session(asOf('2026-07-01'), source('/dated'), [['update']])).notices, [])
  })

  it('checks a package by what an earlier session saw', async () => {
    const debs = [await deb('seen', '1.5'), await deb('spoilt', '1')]
    await publish('/seen/', 'stable', { debs })
    server.files.set(`/seen/pool/main/${debs[1]?.fileName ?? ''}`, 'spoilt')
    const cache = await mkdtemp(join(directory, 'cache-'))
    await using first = await testing.startTestProxy(directory, testing.recording, make, { cache })
    const setting = { proxy: first, sources: source('/seen'), configuration: aptConfiguration('record') }
    assert.equal((await archives.runApt(directory, setting, [['update']])).code, 0)
    await using second = await testing.startTestProxy(directory, testing.recording, make, { cache })
    await testing.get(second, `${archive}/seen/pool/main/${debs[0]?.fileName ?? ''}`)
    assert.deepEqual(second.proxy.artifacts.map(summary), ['seen 1.5 stable/main'])
    assert.deepEqual(second.notices, [])
    assert.equal((await testing.get(second, `${archive}/seen/pool/main/${debs[1]?.fileName ?? ''}`)).status, 502)
    assert.equal((second.proxy.failure as Problem).code, 'hash-mismatch')
  })

  it('locks a package by its name alone when an image has brought its lists along', async () => {
    const one = await deb('brought', '1.5')
    server.files.set('/brought/pool/main/brought_1.5_all.deb', one.content)
    await using proxy = await testing.startTestProxy(directory, testing.recording, make)
    const answer = await testing.get(proxy, `${archive}/brought/pool/main/brought_1.5_all.deb`)
    assert.equal(answer.status, 200)
    assert.deepEqual(proxy.proxy.artifacts.map(summary), ['brought 1.5'])
    assert.match(proxy.notices.join(), /brought.*could not check/)
  })

  it('passes on that an archive has no such file', async () => {
    await using proxy = await testing.startTestProxy(directory, testing.recording, make)
    assert.equal((await testing.get(proxy, `${archive}/no/dists/stable/InRelease`)).status, 404)
    assert.equal((await testing.get(proxy, `${archive}/no/pool/main/no_1_all.deb`)).status, 404)
    assert.deepEqual(proxy.proxy.artifacts, [])
  })

  it('names a package that is missing in the lock', async () => {
    await using proxy = await testing.startTestProxy(directory, { ...testing.nothing }, make)
    const answer = await testing.get(proxy, `${archive}/plain/pool/main/s/shop/shop_2.0-1_all.deb`)
    assert.equal(answer.status, 404)
    assert.deepEqual(proxy.proxy.missing, ['shop 2.0-1'])
  })

  it('is content with a suite of which nothing is locked', async () => {
    const sources = source('/empty', 'stable main contrib third-party') + source('/empty', 'stable-updates main')
    const { apt } = await session(testing.nothing, sources, [['update', '--error-on=any']])
    assert.equal(apt.code, 0, apt.output)
    assert.doesNotMatch(apt.output, /^E:/m)
    assert.doesNotMatch(apt.output, /^W:(?!.*is not signed)/m)
  })

  it('leaves to others what is no part of an archive', async () => {
    await using proxy = await testing.startTestProxy(directory, testing.nothing, make)
    const theirs = ['/releases/tool_1_amd64.deb', '/Release', '/app/Packages', '/dists/stable/main/installer/linux']
    for (const path of theirs) assert.equal((await testing.get(proxy, archive + path)).status, 403, path)
    assert.equal(proxy.proxy.missing.length, theirs.length)
  })
})
