import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { GoProxy } from '../../../tests/adapters/go-proxy.ts'
import * as testing from '../../../tests/adapters/proxy.ts'
import type { Artifact } from '../../model/lock.ts'
import type { Session } from '../session.ts'
import { goEnvironment, hashOfZip } from './go-checksums.ts'
import { go } from './go.ts'

const run = promisify(execFile)
type Replay = Extract<Session, { mode: 'replay' }>
/** What `go` calls a processor. */
const processor = process.arch === 'x64' ? 'amd64' : process.arch

/** Set-up brings a Go along, because Debian 12's is older than toolchains in modules. */
const pathWithGo = `/var/cache/berth/setup/go/bin:${process.env['PATH'] ?? ''}`

describe('go', () => {
  const modules = new GoProxy()
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-go-'))
    await modules.server.start()
  })
  beforeEach(() => modules.clear())
  after(async () => {
    modules.server.stop()
    await run('chmod', ['-R', 'u+w', directory])
    await rm(directory, { recursive: true })
  })

  interface Outcome {
    readonly artifacts: readonly Artifact[]
    readonly missing: readonly string[]
    /** What the last command printed. */
    readonly output: string
    /** Of the project: go.mod, go.sum, vendor. */
    readonly tree: Readonly<Record<string, string>>
    readonly cache: string
    readonly replay: Session
  }

  /** Runs the real `go` in a new project that imports a package, behind a proxy of its own, until a command fails. */
  async function build(session: Session, imported: string, commands: readonly string[][]): Promise<Outcome> {
    const home = await mkdtemp(join(directory, 'home-'))
    const project = join(home, 'project')
    await mkdir(project)
    await writeFile(join(project, 'go.mod'), 'module example.org/project\n\ngo 1.17\n')
    await writeFile(join(project, 'main.go'), `package main\n\nimport _ "${imported}"\n\nfunc main() {}\n`)
    await using proxy = await testing.startTestProxy(directory, session, go)
    const locked = session.mode === 'replay' ? goEnvironment(session.artifacts) : { GOSUMDB: 'off' }
    const env = {
      ...{ PATH: pathWithGo, HOME: home, GOPATH: join(home, 'go'), GOCACHE: join(directory, 'cache') },
      ...{ GOPROXY: modules.url, HTTP_PROXY: proxy.url, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', ...locked },
    }
    let output = ''
    for (const command of commands) {
      const ended = await run('go', command, { cwd: project, env, timeout: 50_000 }).then(
        ({ stdout, stderr }) => ({ text: stdout + stderr, failed: false }),
        (error: unknown) => ({ text: String((error as { stderr: unknown }).stderr), failed: true }),
      )
      output = ended.text
      if (ended.failed) break
    }
    const { artifacts, missing } = proxy.proxy
    const cache = join(home, 'go/pkg')
    const replay = testing.replaying(directory, proxy.proxy)
    return { artifacts, missing, output, tree: await treeOf(project), cache, replay }
  }

  const tidy = [
    ['mod', 'tidy'],
    ['mod', 'vendor'],
  ]
  const files = ({ artifacts }: Outcome) =>
    artifacts.map(({ name, version, url }) => `${name}@${version}${url.slice(url.lastIndexOf('.'))}`).sort()
  const library = (name: string) => ({ 'lib.go': `package ${name}\n` })

  it('gives a replayed build the same modules, whatever the proxy has by then', async () => {
    const goMod = 'module example.org/Upper/one\n\ngo 1.17\n\nrequire example.org/two v1.0.0\n'
    const one = { 'go.mod': goMod, 'one.go': 'package one\n\nimport _ "example.org/two/deep"\n' }
    modules.publish({ module: 'example.org/Upper/one', version: 'v1.1.0', files: one })
    modules.publish({ module: 'example.org/two', version: 'v1.0.0', files: { 'deep/deep.go': 'package deep\n' } })
    const recorded = await build(testing.recording, 'example.org/Upper/one', tidy)
    assert.deepEqual(files(recorded), [
      'example.org/Upper/one@v1.1.0.mod',
      'example.org/Upper/one@v1.1.0.zip',
      'example.org/two@v1.0.0.mod',
      'example.org/two@v1.0.0.zip',
    ])
    modules.publish({ module: 'example.org/Upper/one', version: 'v1.2.0' })
    modules.server.asked.length = 0
    const replayed = await build(recorded.replay, 'example.org/Upper/one', tidy)
    assert.deepEqual(replayed.tree, recorded.tree)
    assert.ok('vendor/example.org/two/deep/deep.go' in replayed.tree)
    assert.deepEqual(modules.server.asked, [])
    // `go` also tries `example.org` and `example.org/Upper` as modules.
    assert.deepEqual(replayed.missing, [])
  })

  it('hashes a module as go does', async () => {
    const odd = { 'b.go': 'package x\n', 'C.md': 'text\n', 'a/a.go': 'package a\n', 'é.txt': '' }
    modules.publish({ module: 'example.org/x', version: 'v1.0.0', files: { ...odd, 'z.txt': 'z'.repeat(100_000) } })
    const download = [['mod', 'download', '-json', 'example.org/x@v1.0.0']]
    const { output, artifacts } = await build(testing.recording, 'example.org/x', download)
    const { Sum } = JSON.parse(output.slice(0, output.indexOf('}') + 1)) as { Sum: string }
    const zip = artifacts.find(({ url }) => url.endsWith('.zip'))
    assert.equal(await hashOfZip(join(directory, 'blobs', zip?.sha256 ?? '')), Sum)
  })

  it('remembers what a branch and what the latest commit were', async () => {
    const [old, young] = ['v0.0.0-20200101000000-0123456789ab', 'v0.0.0-20210101000000-ba9876543210']
    modules.publish({ module: 'example.org/x', version: old, files: library('x'), time: '2020-01-01T00:00:00Z' })
    modules.unlist('example.org/x')
    for (const name of ['main', 'latest']) modules.point('example.org/x', name, old)
    const commands = [['get', 'example.org/x@main'], ['get', 'example.org/x@latest'], ...tidy]
    const recorded = await build(testing.recording, 'example.org/x', commands)
    assert.deepEqual(
      recorded.artifacts.map(({ tags }) => tags),
      [
        ['latest', 'main'],
        ['latest', 'main'],
      ],
    )
    modules.publish({ module: 'example.org/x', version: young, files: library('x'), time: '2021-01-01T00:00:00Z' })
    for (const name of ['main', 'latest']) modules.point('example.org/x', name, young)
    const replayed = await build(recorded.replay, 'example.org/x', commands)
    assert.match(replayed.tree['go.mod'] ?? '', new RegExp(`example.org/x ${old}`))
    assert.deepEqual(replayed.tree, recorded.tree)
  })

  it('remembers versions of which only the name was asked for', async () => {
    const goMod = 'module example.org/x\n\ngo 1.17\n\nrequire example.org/unused v1.0.0\n'
    modules.publish({ module: 'example.org/x', version: 'v1.0.0', files: { ...library('x'), 'go.mod': goMod } })
    modules.publish({ module: 'example.org/unused', version: 'v1.0.0' })
    modules.publish({ module: 'example.org/unused', version: 'v1.3.0-RC.1' })
    modules.publish({ module: 'example.org/unused', version: 'v1.2.0' })
    const commands = [...tidy, ['list', '-m', '-u', 'all'], ['list', '-m', 'example.org/unused@v1.3.0-RC.1']]
    const recorded = await build(testing.recording, 'example.org/x', commands.slice(0, -1))
    assert.match(recorded.output, /example\.org\/unused v1\.0\.0 \[v1\.2\.0\]/)
    const replayed = await build(recorded.replay, 'example.org/x', commands.slice(0, -1))
    assert.equal(replayed.output, recorded.output)
    const named = await build(testing.recording, 'example.org/x', commands)
    assert.deepEqual(await build(named.replay, 'example.org/x', commands).then(({ output }) => output), named.output)
    assert.equal(new Set(named.artifacts.map(({ url }) => url)).size, named.artifacts.length)
  })

  it('sees nothing that was published after a date', async () => {
    modules.publish({ module: 'example.org/x', version: 'v1.0.0', files: library('x'), time: '2015-01-01T00:00:00Z' })
    modules.publish({ module: 'example.org/x', version: 'v1.1.0', files: library('x'), time: '2018-01-01T00:00:00Z' })
    modules.point('example.org/x', 'main', 'v1.1.0')
    modules.point('example.org/x', 'latest', 'v1.1.0')
    const session: Session = { mode: 'record', held: [], asOf: new Date('2016-01-01') }
    const early = await build(session, 'example.org/x', tidy)
    assert.deepEqual(files(early), ['example.org/x@v1.0.0.mod', 'example.org/x@v1.0.0.zip'])
    await using proxy = await testing.startTestProxy(directory, session, go)
    const ask = async (path: string) => (await testing.get(proxy, `${modules.url}/example.org/x/${path}`)).body
    assert.equal(await ask('@v/list'), 'v1.0.0\n')
    assert.equal(await ask('@latest'), '{"Version":"v1.0.0"}')
    assert.match(await ask('@v/main.info'), /main was made after 2016-01-01T00:00:00.000Z/)
    assert.match(await ask('@v/v1.1.0.info'), /"v1.1.0"/)
  })

  it('keeps to the versions of an earlier lock', async () => {
    modules.publish({ module: 'example.org/x', version: 'v1.0.0', files: library('x') })
    const { artifacts } = await build(testing.recording, 'example.org/x', tidy)
    modules.publish({ module: 'example.org/x', version: 'v1.1.0', files: library('x') })
    modules.point('example.org/x', 'latest', 'v1.1.0')
    const session: Session = { mode: 'record', held: artifacts }
    assert.deepEqual(await build(session, 'example.org/x', tidy).then(files), [
      'example.org/x@v1.0.0.mod',
      'example.org/x@v1.0.0.zip',
    ])
    await using proxy = await testing.startTestProxy(directory, session, go)
    const { body } = await testing.get(proxy, `${modules.url}/example.org/x/@latest`)
    assert.equal(body, '{"Version":"v1.0.0"}')
  })

  it('names what is missing, also a version of what is there', async () => {
    modules.publish({ module: 'example.org/x', version: 'v1.0.0', files: library('x') })
    const { replay } = await build(testing.recording, 'example.org/x', tidy)
    const unknown = await build(replay, 'example.net/y', tidy)
    assert.ok(unknown.missing.includes('example.net/y'))
    const newer = await build(replay, 'example.org/x', [['get', 'example.org/x@v1.5.0']])
    assert.deepEqual(newer.missing, ['example.org/x@v1.5.0'])
    assert.match(newer.output, /example\.org\/x@v1\.5\.0: it is not in berth\.lock/)
  })

  it('passes on what a proxy says', async () => {
    await using proxy = await testing.startTestProxy(directory, testing.recording, go)
    modules.server.files.set('/sumdb/sum.example.org/lookup/example.org/x@v1.0.0', 'signed')
    modules.server.files.set('/example.org/x/@latest', 'no JSON')
    modules.server.otherwise = (_, response) => response.writeHead(410).end('gone')
    const ask = async (path: string) => {
      const { status, body } = await testing.get(proxy, modules.url + path)
      return [status, body]
    }
    assert.deepEqual(await ask('/sumdb/sum.example.org/lookup/example.org/x@v1.0.0'), [200, 'signed'])
    assert.deepEqual(await ask('/example.org/x/@latest'), [200, 'no JSON'])
    assert.deepEqual(await ask('/example.org/x/@v/list'), [410, 'gone'])
    assert.equal((await ask('/example.org/x/@v/v1.0.0.zip'))[0], 410)
    assert.deepEqual(proxy.proxy.artifacts, [])
  })

  describe('toolchains', () => {
    const version = `v0.0.1-go1.99.1.linux-${processor}`
    const script = '#!/bin/sh\necho "a toolchain of the test"\n'

    /** The path of the module is written into `go`. */
    async function recordToolchain(name = 'golang.org/toolchain'): Promise<Replay> {
      modules.publish({
        module: name,
        version,
        files: { 'bin/go': script, 'bin/gofmt': script, 'pkg/tool/x': '', 'lib/x': '' },
      })
      await using proxy = await testing.startTestProxy(directory, testing.recording, go)
      await testing.get(proxy, `${modules.url}/${name}/@v/${version}.zip`)
      return replaying(proxy)
    }

    function replaying({ proxy }: testing.TestProxy): Replay {
      const provide = ({ sha256 }: Artifact) => Promise.resolve(join(directory, 'blobs', sha256))
      return { mode: 'replay', artifacts: proxy.artifacts, provide }
    }

    async function runToolchain(session: Session, env: Record<string, string>): Promise<string> {
      const home = await mkdtemp(join(directory, 'home-'))
      await using proxy = await testing.startTestProxy(directory, session, go)
      const whole = {
        ...{ PATH: pathWithGo, HOME: home, GOPATH: join(home, 'go'), GOPROXY: modules.url },
        ...{ HTTP_PROXY: proxy.url, GOTOOLCHAIN: 'go1.99.1', GOFLAGS: '-modcacherw', ...env },
      }
      return await run('go', ['version'], { cwd: home, env: whole, timeout: 50_000 }).then(
        ({ stdout }) => stdout,
        (error: unknown) => String((error as { stderr: unknown }).stderr),
      )
    }

    it('are used, because a database made of the lock vouches for them', async () => {
      const replay = await recordToolchain()
      assert.equal(await runToolchain(replay, goEnvironment(replay.artifacts)), 'a toolchain of the test\n')
    })

    it('are refused when they are not what the lock has', async () => {
      const replay = await recordToolchain()
      const [zip] = replay.artifacts
      modules.publish({ module: 'golang.org/toolchain', version, files: { 'bin/go': `${script}# evil\n` } })
      await using other = await testing.startTestProxy(directory, testing.recording, go)
      await testing.get(other, zip?.url ?? '')
      const [forged] = other.proxy.artifacts
      const paths = [forged?.sha256, zip?.sha256].map((hash) => join(directory, 'blobs', hash ?? ''))
      // The first time for the client, the second time for the database.
      const provide = () => Promise.resolve(paths.shift() ?? '')
      const sold: Session = { ...replay, artifacts: [{ ...zip!, sha256: forged?.sha256 ?? '' }], provide }
      const said = await runToolchain(sold, goEnvironment(sold.artifacts))
      assert.match(said, /SECURITY ERROR|checksum mismatch/)
    })

    it('make the same database each time, and another one for other toolchains', async () => {
      const replay = await recordToolchain()
      const environment = goEnvironment(replay.artifacts)
      assert.match(environment['GOSUMDB'] ?? '', /^lock-[0-9a-f]{16}\.berth\.invalid\+[0-9a-f]{8}\+[\w+/]{43,44}=?$/)
      assert.equal(environment['GONOSUMDB'], '*')
      const others = replay.artifacts.map((artifact) => ({ ...artifact, sha256: '0'.repeat(64) }))
      assert.notEqual(goEnvironment(others)['GOSUMDB'], environment['GOSUMDB'])
      assert.deepEqual(goEnvironment([]), { GOSUMDB: 'off' })
      const name = environment['GOSUMDB']?.split('+')[0] ?? ''
      const heads = await Promise.all(
        [replay, replay].map(async (session) => {
          await using proxy = await testing.startTestProxy(directory, session, go)
          return (await testing.get(proxy, `${modules.url}/sumdb/${name}/latest`)).body
        }),
      )
      assert.match(heads[0] ?? '', /^go\.sum database tree\n1\n/)
      assert.equal(heads[0], heads[1])
    })

    it('are not mixed up with what others vouch for', async () => {
      await using proxy = await testing.startTestProxy(directory, await recordToolchain(), go)
      const { status, body } = await testing.get(proxy, `${modules.url}/sumdb/sum.example.org/supported`)
      assert.equal(status, 403)
      assert.match(body, /checksum database sum\.example\.org is not replayed; leave GOSUMDB/)
    })

    it('fail with a reason when the archive is broken', async () => {
      const replay = await recordToolchain()
      const broken = join(directory, 'broken.zip')
      await writeFile(broken, 'PK no more')
      await using proxy = await testing.startTestProxy(
        directory,
        { ...replay, provide: () => Promise.resolve(broken) },
        go,
      )
      const name = goEnvironment(replay.artifacts)['GOSUMDB']?.split('+')[0] ?? ''
      const { status, body } = await testing.get(proxy, `${modules.url}/sumdb/${name}/lookup/x@v1.0.0`)
      assert.equal(status, 502)
      assert.match(body, /golang\.org\/toolchain@v0\.0\.1-go1\.99\.1.* in berth\.lock is no Go module/)
    })
  })
})

/** Every file below a directory, by path. */
async function treeOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const read = async (path: string) => [path.slice(root.length + 1), await readFile(path, 'utf8')] as const
  return Object.fromEntries(await Promise.all(paths.sort().map(read)))
}
