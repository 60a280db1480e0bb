import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { renderLock, parseLock } from '../../src/model/lock-file.ts'
import type { Artifact } from '../../src/model/lock.ts'
import { forgetKey, makeDeb, makeKey, packagesOf, releaseOf, sha256, sign } from '../adapters/debian-archive.ts'
import { tarballOf } from '../adapters/npm-registry.ts'
import { pythonApp } from './apps.ts'
import { DownloadServer } from './download-server.ts'
import { repository, TestBerth } from './test-berth.ts'

const run = promisify(execFile)

/**
 * Foreign code that runs while something is built: it tries what it can while it is recorded, and again where there is
 * nothing but a lock. A server that this host reaches tells what got out.
 */
describe('a build lets nothing out', { timeout: 900_000 }, () => {
  let berth: TestBerth
  /** Where nothing is known but what a lock names. */
  let other: TestBerth
  let server: DownloadServer
  let host: Server
  let directory: string
  let deb: Artifact
  /** Abstract sockets are one host's, and another run of this test may be on it. */
  const socketName = `berth-hostile-${randomUUID()}`

  before(async () => {
    berth = await TestBerth.create()
    other = await emptyBerth()
    server = await DownloadServer.create()
    directory = await mkdtemp(join(tmpdir(), 'berth-hostile-'))
    host = createServer((socket) => socket.end('reached'))
    await new Promise<void>((resolve) => host.listen(`\0${socketName}`, resolve))
    deb = await publishDeb()
  })
  after(async () => {
    host.close()
    await rm(directory, { recursive: true, force: true })
    await server[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
    await berth[Symbol.asyncDispose]()
  })

  it('of a setup.py', async () => {
    const setup = "\nfrom setuptools import setup\nsetup(name='hostile', py_modules=[])\n"
    const files = { 'requirements.txt': '-e .\n', 'setup.py': (await attempts('py')) + setup }
    await requireSealed(await berth.folder({ ...pythonApp({ name: 'hostile-setup' }), ...files }))
  })

  it('of a RUN', async () => {
    const folder = await dockerfile('hostile-run', [
      'RUN apt-get update && apt-get install -y --no-install-recommends python3-minimal libpython3-stdlib',
      'COPY probe.py /probe.py',
      'RUN python3 /probe.py',
    ])
    await writeFile(join(folder, 'probe.py'), await attempts('py'))
    await requireSealed(folder)
  })

  it("of an npm package's postinstall that may run", async () => {
    await requireSealed(await npmFolder('scripts = ["hostile"]'))
  })

  it("of an npm package's postinstall that may not run, because nobody listed it", async () => {
    const folder = await npmFolder('')
    const { events } = await berth.events('lock', folder)
    const notices = events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []))
    assert.ok(notices.some((message) => message.includes('scripts = ["hostile"]')))
    assert.deepEqual(await replay(folder), [])
  })

  it("of a package's maintainer script that apt-get runs in a Dockerfile", async () => {
    const folder = await dockerfile('hostile-apt', [
      'COPY archive.asc /etc/apt/keyrings/archive.asc',
      `RUN echo "deb [signed-by=/etc/apt/keyrings/archive.asc] ${server.origin}/debian ./" >/etc/apt/sources.list.d/own.list`,
      'RUN apt-get update && apt-get install -y --no-install-recommends hostile',
    ])
    await writeFile(join(folder, 'archive.asc'), await readFile(join(directory, 'archive.asc')))
    await requireSealed(folder)
  })

  it("of a package's maintainer script among the packages of an image", async () => {
    const folder = await berth.folder(pythonApp({ name: 'hostile-package' }))
    await berth.ok('lock', folder)
    const path = join(folder, 'berth.lock')
    const lock = parseLock(await readFile(path, 'utf8'), path)
    await writeFile(path, renderLock({ ...lock, artifacts: [...lock.artifacts, { ...deb, part: 'runtime' }] }))
    await requireSealedReplay(folder)
  })

  async function attempts(kind: 'py' | 'pl' | 'ts'): Promise<string> {
    const text = await readFile(join(repository, `tests/fixtures/hostile/attempts.${kind}`), 'utf8')
    return text.replaceAll('SITE_ADDRESS', new URL(server.origin).host).replaceAll('HOST_SOCKET', socketName)
  }

  function dockerfile(name: string, lines: readonly string[]): Promise<string> {
    return berth.folder({
      'berth.toml': `name = "${name}"\n[start]\ncommand = "true"\n`,
      Dockerfile: ['FROM debian:bookworm-slim', ...lines, ''].join('\n'),
    })
  }

  /** A package with this script, in an archive of one package that is signed by a key of its own. */
  async function publishDeb(): Promise<Artifact> {
    const made = await makeDeb(directory, { Package: 'hostile', Version: '1.0' }, { postinst: await attempts('pl') })
    const key = await makeKey(directory, 'archive')
    try {
      const packages = packagesOf([made], './')
      const release = await sign(releaseOf({ Suite: 'own' }, { Packages: packages }), key, 'clear')
      await serve({
        'debian/Packages': packages,
        'debian/InRelease': release,
        [`debian/${made.fileName}`]: made.content,
      })
      const exporting = ['--homedir', key.home, '--batch', '--armor', '--export']
      await writeFile(join(directory, 'archive.asc'), (await run('gpg', exporting)).stdout)
    } finally {
      await forgetKey(key)
    }
    const url = `${server.origin}/debian/${made.fileName}`
    const { length: size } = made.content
    return { kind: 'deb', name: 'hostile', version: '1.0', url, size, sha256: sha256(made.content) }
  }

  /** An application with one package of npm's, which has a postinstall. */
  async function npmFolder(install: string): Promise<string> {
    const described = { name: 'hostile', version: '1.0.0', scripts: { postinstall: 'node attempts.mjs' } }
    const program = stripTypeScriptTypes(await attempts('ts'))
    const tarball = await tarballOf({ 'package.json': JSON.stringify(described), 'attempts.mjs': program })
    await serve({ 'hostile/-/hostile-1.0.0.tgz': tarball })
    const own = { name: 'app', version: '1.0.0', dependencies: { hostile: '1.0.0' } }
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const locked = { version: '1.0.0', resolved: `${server.origin}/hostile/-/hostile-1.0.0.tgz`, integrity }
    const packages = { '': own, 'node_modules/hostile': { ...locked, hasInstallScript: true } }
    return berth.folder({
      'berth.toml': `name = "hostile-npm"\n[install]\n${install}\n[start]\ncommand = "true"\n`,
      'package.json': JSON.stringify(own),
      'package-lock.json': JSON.stringify({ ...own, lockfileVersion: 3, requires: true, packages }),
    })
  }

  async function serve(content: Readonly<Record<string, string | Buffer>>): Promise<void> {
    for (const [path, bytes] of Object.entries(content)) {
      await mkdir(dirname(join(server.folder, path)), { recursive: true })
      await writeFile(join(server.folder, path), bytes)
    }
  }

  /** While it is recorded only what a lock can hold gets out, and what changes something elsewhere never. */
  async function requireSealed(folder: string): Promise<void> {
    const { last } = await berth.events('lock', folder)
    assert.equal(last.kind, 'done', JSON.stringify(last))
    assert.deepEqual(
      server.asked.filter((line) => !line.startsWith('GET ')),
      [],
    )
    await requireSealedReplay(folder)
  }

  async function requireSealedReplay(folder: string): Promise<void> {
    server.asked.length = 0
    const made = await replay(folder)
    assert.ok(made.length >= 14, made.join('\n'))
    for (const line of made) assert.match(line, /^attempt: .* refused/)
    // berth itself fetches what the lock names.
    const { artifacts } = parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
    const named = new Set(artifacts.filter(({ size }) => size > 0).map(({ url }) => `GET ${new URL(url).pathname}`))
    assert.deepEqual(
      server.asked.filter((line) => !named.has(line)),
      [],
    )
  }

  /** What the attempts left in the image: no package manager shows all that a script prints. */
  async function replay(folder: string): Promise<string[]> {
    const { events, last } = await other.events('build', folder, '--locked')
    assert.equal(last.kind, 'built', JSON.stringify(last))
    const layers = events.flatMap((event) => (event.kind === 'layer' ? [event.digest.replace('sha256:', '')] : []))
    const paths = layers.flatMap((layer) => places.map((place) => join(other.home, 'layers', layer, place)))
    const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')))
    return texts.flatMap((text) => text.split('\n').filter(Boolean))
  }
})

const places = ['attempts.txt', 'app/attempts.txt', 'app/node_modules/hostile/attempts.txt', 'var/lib/attempts.txt']

/** A home in which nothing was built before, not even by another test. */
async function emptyBerth(): Promise<TestBerth> {
  const shared = process.env['BERTH_TEST_CACHE']
  delete process.env['BERTH_TEST_CACHE']
  const berth = await TestBerth.create()
  if (shared !== undefined) process.env['BERTH_TEST_CACHE'] = shared
  return berth
}
