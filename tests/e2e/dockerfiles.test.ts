import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { pathsOf } from '../../src/host/instance.ts'
import { checkByteCode, ImageStore, mergeLayers, readTree, type LayerEntries } from '../../src/image/index.ts'
import type { Event } from '../../src/model/events.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import { git, GitServer } from '../adapters/git-server.ts'
import { dockerfileApps, type DockerfileApp } from './dockerfile-apps.ts'
import { DownloadServer } from './download-server.ts'
import type { OfflineBuilds } from './offline-build.ts'
import { repository, TestBerth } from './test-berth.ts'

const run = promisify(execFile)
const examples = join(repository, 'examples/dockerfiles')

/** Fills a server with what `downloads` asks for. @returns the sum of its archive. */
async function fill(server: DownloadServer): Promise<string> {
  await writeFile(join(server.folder, 'notes.txt'), 'notes')
  await writeFile(join(server.folder, 'index.html'), 'site')
  const archive = join(server.folder, 'site.tar.gz')
  await run('tar', ['--create', '--gzip', '--file', archive, '--directory', server.folder, 'index.html'])
  const tree = await new GitServer(server.folder).create('tools.git')
  await git(tree, ['tag', 'v1'])
  await git(tree, ['push', '--quiet', '--tags'])
  return createHash('sha256')
    .update(await readFile(archive))
    .digest('hex')
}

function digestOf(events: readonly Event[]): string {
  const built = events.find(({ kind }) => kind === 'built')
  assert.ok(built?.kind === 'built', JSON.stringify(events.at(-1)))
  return built.digest
}

function layersOf(events: readonly Event[]): Map<string, string> {
  return new Map(events.flatMap((event) => (event.kind === 'layer' ? [[event.title, event.digest]] : [])))
}

/** Layers of two builds that have the same title and another digest: that says more than two images that differ. */
function differing(one: readonly Event[], other: readonly Event[]): string[] {
  const layers = layersOf(other)
  return [...layersOf(one)]
    .filter(([title, digest]) => (layers.get(title) ?? digest) !== digest)
    .map(([title]) => title)
}

const server = await DownloadServer.create()
const apps = dockerfileApps({ origin: server.origin, sha256: await fill(server) })

describe('a Dockerfile', { timeout: 1_800_000 }, () => {
  let berth: TestBerth
  const folders = new Map<string, string>()
  const built = new Map<string, readonly Event[]>()
  before(async () => {
    berth = await TestBerth.create()
    for (const app of apps) folders.set(app.name, await folderOf(app))
  })
  after(async () => {
    await berth[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  async function folderOf({ name, example = name, install }: DockerfileApp): Promise<string> {
    const folder = await berth.folder(`examples/dockerfiles/${example}`)
    const manifest = await readFile(join(folder, 'berth.toml'), 'utf8').catch(() => '')
    const section = install === undefined ? '' : `\n[install]\n${install}\n`
    await writeFile(join(folder, 'berth.toml'), `name = "${name}"\n${manifest.replace(/^name = .*$/m, '')}${section}`)
    return folder
  }

  const folder = ({ name }: DockerfileApp) => folders.get(name) ?? ''
  const settingsOf = ({ settings = {} }: DockerfileApp) =>
    Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const given = (app: DockerfileApp) => settingsOf(app).flatMap((setting) => ['--set', setting])

  describe('is locked and built of nothing but its lock', { concurrency: 2 }, () => {
    for (const app of apps) {
      it(app.name, async () => {
        if (app.name === 'downloads') await makeBundle(folder(app))
        const { last } = await berth.events('lock', folder(app), ...given(app))
        assert.equal(last.kind, 'done', JSON.stringify(last))
        const { artifacts } = parseLock(await readFile(join(folder(app), 'berth.lock'), 'utf8'), 'berth.lock')
        const kinds = new Set(artifacts.filter(({ part }) => part === undefined).map(({ kind }) => kind))
        assert.deepEqual([...kinds].sort(), app.fetches)
        const { events } = await berth.events('build', folder(app), '--locked', ...given(app))
        digestOf(events)
        built.set(app.name, events)
      })
    }
  })

  describe('has in its image what it says', () => {
    for (const app of apps) it(app.name, () => requireContent(app))
  })

  describe('makes an application that answers', () => {
    for (const app of apps) {
      const { answers } = app
      if (!answers) continue
      it(app.name, async () => {
        const { last } = await berth.events('deploy', folder(app), '--locked', ...given(app))
        assert.ok(last.kind === 'deployed', JSON.stringify(last))
        assert.equal(last.digest, digestOf(built.get(app.name) ?? []))
        const answer = await berth.get(app.name, answers[0])
        assert.match(answer.text, answers[1])
        assert.equal(answer.status, 200)
      })
    }
  })

  describe('comes to the same image in another home, of its lock alone, with no network', () => {
    let offline: OfflineBuilds
    before(async () => {
      const orders = apps.map((app) => ({ folder: folder(app), settings: settingsOf(app) }))
      offline = await buildOffline(pathsOf(berth.instance).blobs, orders)
    })

    it('has no network indeed', () => {
      assert.deepEqual(offline.interfaces, ['lo'])
    })

    for (const app of apps) {
      it(app.name, () => {
        const [first, second] = [built.get(app.name) ?? [], offline.builds[folder(app)] ?? []]
        assert.deepEqual(differing(first, second), [])
        assert.equal(digestOf(second), digestOf(first))
      })
    }
  })

  it('has several images by its arguments and its target', () => {
    const [loud, quiet] = ['loud', 'quiet'].map((name) => digestOf(built.get(`arguments-${name}`) ?? []))
    assert.notEqual(loud, quiet)
  })

  it('leaves a secret in no layer, lock or log', async () => {
    const { home } = berth
    const layers = [...layersOf(built.get('secret') ?? []).values()].map((digest) =>
      join(home, 'layers', digest.slice(7)),
    )
    const places = [...layers, ...['logs', 'cache', 'state.db', 'tmp'].map((name) => join(home, name))]
    const searching = run('grep', ['-rlF', 'geheim-in-no-layer', ...places])
    await assert.rejects(searching, { code: 1, stdout: '', stderr: '' })
    const lock = await readFile(join(folders.get('secret') ?? '', 'berth.lock'), 'utf8')
    assert.ok(!lock.includes('geheim'))
  })

  it('is among the examples, or else is not tested', async () => {
    const tested = new Set(apps.map(({ name, example = name }) => example))
    assert.deepEqual(
      (await readdir(examples)).filter((name) => !tested.has(name)),
      [],
    )
  })

  /** Most of them stand on the same base. */
  const known = new Map<string, Promise<LayerEntries>>()
  const readLayer = (directory: string) => {
    const reading = known.get(directory) ?? readTree(directory)
    known.set(directory, reading)
    return reading
  }

  async function requireContent({ name, holds = {}, lacks = [] }: DockerfileApp): Promise<void> {
    const store = new ImageStore(berth.instance)
    const digest = digestOf(built.get(name) ?? []) as `sha256:${string}`
    const directories = await store.layerDirectories(await store.readImage(digest))
    const layers = await Promise.all(directories.map(readLayer))
    const merged = mergeLayers(layers)
    const read = (path: string) =>
      readFile(join(directories[layers.findLastIndex((layer) => layer.has(path))] ?? '', path))
    for (const [path, content] of Object.entries(holds))
      assert.match(await read(path.slice(1)).then(String), content, path)
    for (const path of lacks) assert.equal(merged.get(path.slice(1)), undefined, path)
    assert.deepEqual((await checkByteCode(merged, read)).stale, [])
  }
})

/** An archive in a source tree, which is no file of the repository. */
async function makeBundle(folder: string): Promise<void> {
  const inside = join(folder, 'inside')
  await mkdir(inside)
  await writeFile(join(inside, 'inner.txt'), 'inner')
  await run('tar', ['--create', '--file', join(folder, 'bundle.tar'), '--directory', inside, 'inner.txt'])
}

/** Builds where there is no network but loopback, in a home that has never seen anything. */
async function buildOffline(blobs: string, orders: readonly object[]): Promise<OfflineBuilds> {
  const inside = 'ip link set lo up && exec "$@"'
  const program = [process.execPath, join(repository, 'tests/e2e/offline-build.ts'), blobs, JSON.stringify(orders)]
  const child = spawn('unshare', ['--net', 'sh', '-c', inside, 'sh', ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, code] = await Promise.all([text(child.stdout), new Promise((resolve) => child.once('close', resolve))])
  assert.equal(code, 0, output)
  return JSON.parse(output) as OfflineBuilds
}
