import assert from 'node:assert/strict'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathsOf } from '../../src/host/instance.ts'
import { checkByteCode, ImageStore, mergeLayers, readTree, type LayerEntries } from '../../src/image/index.ts'
import type { Event } from '../../src/model/events.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import { dockerfileApps, type DockerfileApp } from './dockerfile-apps.ts'
import { buildOffline, fill, folderOf, given, settingsOf } from './dockerfile-setting.ts'
import { DownloadServer } from './download-server.ts'
import { filesWith } from './files-with.ts'
import type { OfflineBuilds } from './offline-build.ts'
import { repository, TestBerth } from './test-berth.ts'

const examples = join(repository, 'examples/dockerfiles')

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
    for (const app of apps) folders.set(app.name, await folderOf(berth, app))
  })
  after(async () => {
    await berth[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const folder = ({ name }: DockerfileApp) => folders.get(name) ?? ''

  describe('is locked and built of nothing but its lock', { concurrency: 2 }, () => {
    for (const app of apps) {
      it(app.name, async () => {
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

  it('that cannot be carried out twice is refused where it is locked, by its line', async () => {
    const ask = `exec 3<>/dev/tcp/127.0.0.1/3128 && printf 'GET %s HTTP/1.0\\r\\n\\r\\n' "$URL?$RANDOM$RANDOM" >&3`
    const lines = [
      'FROM debian:bookworm-slim',
      'ARG URL',
      'SHELL ["/bin/bash", "-c"]',
      `RUN ${ask} && grep -x notes <&3`,
    ]
    const manifest = `name = "moving"\n[install]\nbuild_args = { URL = "${server.origin}/notes.txt" }\n`
    const moving = await berth.folder({ Dockerfile: lines.join('\n'), 'berth.toml': manifest })
    const problem = await berth.problem('lock', moving)
    assert.deepEqual([problem.code, problem.at], ['dockerfile-not-repeatable', 'Dockerfile:4'], JSON.stringify(problem))
    assert.match(problem.message, /is not in berth\.lock: http:\/\/198\.18\.[\d.]+\/notes\.txt\?\d+$/)
    await assert.rejects(readFile(join(moving, 'berth.lock')), { code: 'ENOENT' })
  })

  const repositories: { it: string; source: string; code: string; says: RegExp }[] = [
    {
      ...{ it: 'is not at the commit that is asked for', source: '--checksum=1234567 tools.git' },
      ...{ code: 'dockerfile-checksum-wrong', says: /its checksum is [0-9a-f]{40}, not 1234567/ },
    },
    { it: 'has no such tag', source: 'tools.git#v9', code: 'download-failed', says: /no branch, tag or commit v9/ },
    { it: 'has no such directory', source: 'tools.git#v1:no', code: 'download-failed', says: /no directory no/ },
    { it: 'is not there', source: 'none.git', code: 'download-failed', says: /none\.git.* not found/ },
  ]
  for (const { it: name, source, code, says } of repositories) {
    it(`that adds a repository which ${name} is refused, by its line`, async () => {
      const line = `ADD ${source.replace(/\S+$/, (path) => `${server.origin}/${path}`)} /srv`
      const adding = await berth.folder({ Dockerfile: `FROM debian:bookworm-slim\n${line}\nCMD ["true"]\n` })
      const problem = await berth.problem('lock', adding)
      assert.deepEqual([problem.code, problem.at], [code, 'Dockerfile:2'], JSON.stringify(problem))
      assert.match(problem.message, says)
    })
  }

  it('that has come to ask for something else is told by its line and its lock, and is locked anew', async () => {
    const pip = folders.get('pip') ?? ''
    await writeFile(join(pip, 'requirements.txt'), 'flask==2.3.3\ngunicorn\n')
    const problem = await berth.problem('build', pip)
    assert.deepEqual([problem.code, problem.at], ['build-failed', 'Dockerfile:7'], JSON.stringify(problem))
    assert.match(problem.message, /with nothing at hand but what \S+berth\.lock names$/)
    const { events } = await berth.events('lock', pip)
    const locked = events.find((event) => event.kind === 'locked')
    const flask = locked?.changes.find(({ name }) => name === 'flask')
    assert.equal(flask?.to, '2.3.3', JSON.stringify(events.at(-1)))
  })

  it('leaves a secret in no layer, lock or log', async () => {
    const { home } = berth
    const layers = [...layersOf(built.get('secret') ?? []).values()].map((digest) =>
      join(home, 'layers', digest.slice(7)),
    )
    const places = [...layers, ...['logs', 'cache', 'state.db', 'tmp'].map((name) => join(home, name))]
    assert.deepEqual(await filesWith('geheim-in-no-layer', places), [])
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
