import assert from 'node:assert/strict'
import { chmod, link, lutimes, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { instanceFrom, pathsOf, type Instance } from '../host/instance.ts'
import { hexOf, type Digest } from '../model/names.ts'
import { Problem } from '../model/problem.ts'
import { examineLayer, ImageStore, mendLayer, protectBuild } from './index.ts'

const config = { workdir: '/app', argv: ['/bin/true'], env: { A: '1', B: 'x=y' }, port: 8000 }
const how = { epoch: 1_000_000, times: 'clamp', takeOwnership: false } as const

describe('ImageStore', () => {
  const directories: string[] = []
  let instance: Instance
  let store: ImageStore
  beforeEach(async () => {
    const home = await mkdtemp(join(tmpdir(), 'berth-image-'))
    directories.push(home)
    instance = instanceFrom({ BERTH_HOME: home, BERTH_RUN: join(home, 'run') })
    store = new ImageStore(instance)
    await store.blobs.prepare()
  })
  after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true }))))

  /** A finished upper directory, its files written in the given order. */
  async function upper(order: readonly string[]): Promise<string> {
    const root = store.blobs.temporaryPath('build')
    await mkdir(join(root, 'etc'), { recursive: true })
    await mkdir(join(root, 'var/log'), { recursive: true })
    for (const name of order) await writeFile(join(root, 'etc', name), `content of ${name}`)
    await writeFile(join(root, 'var/log/dpkg.log'), String(Math.random()))
    await writeFile(join(root, 'etc/machine-id'), String(Math.random()))
    await link(join(root, 'etc/b'), join(root, 'etc/z-link-of-b'))
    await symlink('b', join(root, 'etc/symlink'))
    await lutimes(join(root, 'etc/a'), 5.75, 5.75)
    return root
  }

  async function image(...more: string[]) {
    const layer = await store.layers.adopt(await upper(['a', 'b', ...more]), how)
    return store.writeImage([layer], config, how.epoch)
  }

  async function problemOf(work: Promise<unknown>): Promise<string> {
    const error = await work.catch((reason: unknown) => reason)
    assert.ok(error instanceof Problem)
    return error.code
  }

  it('gives the same digest to the same files, whatever order and time they were written in', async () => {
    const first = await store.layers.adopt(await upper(['a', 'b', 'c']), how)
    const second = await store.layers.adopt(await upper(['c', 'b', 'a']), how)
    assert.deepEqual(first, second)
    assert.deepEqual(await readdir(pathsOf(instance).temporary), [])
  })

  it('removes noise and clamps times in place', async () => {
    const { diffId } = await store.layers.adopt(await upper(['a', 'b']), how)
    const directory = store.layers.directory(diffId)
    assert.deepEqual(await readdir(join(directory, 'var/log')), [])
    assert.equal((await stat(join(directory, 'etc/machine-id'))).size, 0)
    assert.equal((await stat(join(directory, 'etc/a'))).mtimeMs, 5000)
    assert.equal((await stat(join(directory, 'etc/b'))).mtimeMs, how.epoch * 1000)
  })

  it('reads an image back as it was written', async () => {
    const written = await image()
    assert.deepEqual(await store.readImage(written.digest), written)
    assert.equal(await store.hasImage(written.digest), true)
  })

  it('unpacks a missing layer from its blob', async () => {
    const written = await image()
    const [directory = ''] = await store.layerDirectories(written)
    await rm(directory, { recursive: true })
    assert.deepEqual(await store.layerDirectories(written), [directory])
    assert.equal(await readFile(join(directory, 'etc/a'), 'utf8'), 'content of a')
    assert.equal((await stat(join(directory, 'etc/b'))).ino, (await stat(join(directory, 'etc/z-link-of-b'))).ino)
  })

  it('folds a layer up whose archive is whole and small, and no other', async () => {
    const { diffId } = await store.layers.adopt(await upper(['a', 'b']), how)
    const { size } = await stat(store.blobs.path(diffId))
    await store.layers.fold(diffId, size - 1)
    await stat(store.layers.directory(diffId))
    await store.layers.fold(diffId, size)
    await assert.rejects(stat(store.layers.directory(diffId)), { code: 'ENOENT' })
    assert.deepEqual(await readdir(pathsOf(instance).temporary), [])
    await store.layers.fold(diffId, size)
    await store.layers.restore(diffId)
    await writeFile(store.blobs.path(diffId), 'damaged')
    await store.layers.fold(diffId, size)
    await stat(store.layers.directory(diffId))
  })

  it('takes documents of some kinds away from some images, and leaves what others share', async () => {
    const [one, other] = [await image(), await image('c')]
    const bill = { artifactType: 'bill', mediaType: 'bill', text: 'the same for both' }
    const signature = { artifactType: 'signature', mediaType: 'signature', text: 'of one' }
    const left = await store.attach(one.digest, bill)
    const kept = [await store.attach(one.digest, signature), await store.attach(other.digest, bill)]
    const shared = (await store.attachments([other.digest])).map(({ document }) => document.digest)
    await store.detach([one.digest], ['bill'])
    const found = await store.attachments([one.digest, other.digest])
    assert.deepEqual(found.map(({ digest }) => digest).sort(), kept.sort())
    assert.equal(await store.blobs.has(left), false)
    for (const digest of shared) assert.equal(await store.blobs.isIntact(digest), true)
    await store.detach([other.digest], ['bill'])
    for (const digest of shared) assert.equal(await store.blobs.has(digest), false)
  })

  it('refuses to unpack a blob that was changed', async () => {
    const written = await image()
    const [directory = ''] = await store.layerDirectories(written)
    await rm(directory, { recursive: true })
    const [layer] = written.layers
    assert.ok(layer)
    await writeFile(store.blobs.path(layer), 'changed')
    assert.equal(await problemOf(store.layerDirectories(written)), 'blob-corrupt')
    await rm(store.blobs.path(layer))
    assert.equal(await problemOf(store.layerDirectories(written)), 'layer-missing')
    assert.equal(await store.hasImage(written.digest), false)
  })

  it('says that an image is not there', async () => {
    assert.equal(await problemOf(store.readImage(`sha256:${'0'.repeat(64)}`)), 'image-missing')
  })

  it('tags and untags, also at the same time', async () => {
    const { digest } = await image()
    await Promise.all(['b:v1', 'a:v1', 'a:v2'].map((name) => store.tag(digest, name)))
    await store.untag('a:v1')
    const index = JSON.parse(await readFile(join(instance.home, 'index.json'), 'utf8')) as {
      manifests: { annotations: Record<string, string> }[]
    }
    const names = index.manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name'])
    assert.deepEqual(names, ['a:v2', 'b:v1'])
  })

  it('calls garbage what no kept image reaches, and keeps what a kept layer was built on', async () => {
    const kept = await image()
    const tools = await store.layers.adopt(await upper(['a', 'b', 'tools']), how)
    const lost = await store.layers.adopt(await upper(['a', 'b', 'lost']), how)
    const [layer] = kept.layers
    assert.ok(layer)
    await store.cache.rememberLayer('t', { ...tools, title: 'tools', standsOn: [], answers: ['answer'] })
    await store.cache.rememberLayer('k', { title: 'k', diffId: layer, bytes: 1, standsOn: ['t'], answers: [] })
    await store.cache.rememberLayer('l', { ...lost, title: 'lost', standsOn: [], answers: ['other'] })
    for (const name of ['answer', 'other']) await store.cache.rememberAnswer(name, {})
    await store.blobs.addText('a download')
    const found = await store.garbage([kept.digest])
    assert.deepEqual(
      found.map(({ kind, name }) => `${kind} ${kind === 'blob' ? '' : name}`),
      ['layer lost', 'blob ', 'blob ', 'record l.json', 'record other.json'],
    )
    await store.removeGarbage(found)
    assert.deepEqual(await store.garbage([kept.digest]), [])
    assert.equal(await store.layers.has(tools.diffId), true)
    assert.deepEqual((await readdir(pathsOf(instance).layers)).includes(hexOf(lost.diffId)), false)
  })

  it('keeps what is attached to an image for as long as the image, attached once', async () => {
    const [one, other] = [await image(), await image('another')]
    const bill = { artifactType: 'application/x-bill', mediaType: 'application/x-bill', text: '{"bill":1}' }
    const digest = await store.attach(one.digest, { ...bill, annotations: { note: 'n' } })
    assert.equal(await store.attach(one.digest, { ...bill, annotations: { note: 'n' } }), digest)
    await store.attach(other.digest, bill)
    const [attached, ...more] = await store.attachments([one.digest])
    assert.deepEqual([attached?.digest, attached?.artifactType, more], [digest, 'application/x-bill', []])
    assert.equal(attached?.document.annotations?.['note'], 'n')
    assert.equal(await store.blobs.readText(attached.document.digest), bill.text)
    const garbage = await store.garbage([one.digest])
    assert.ok(
      garbage.every(({ path }) => ![digest, attached.document.digest].some((kept) => path.endsWith(hexOf(kept)))),
    )
    await store.removeGarbage(garbage)
    assert.equal((await store.attachments([one.digest, other.digest])).length, 1)
    await store.removeGarbage(await store.garbage([]))
    assert.deepEqual(await store.attachments([one.digest]), [])
  })

  it('keeps the locks and sources of releases', async () => {
    const lock = await store.blobs.addText('a lock')
    assert.deepEqual(await store.garbage([], [lock.digest]), [])
    assert.equal((await store.garbage([])).length, 1)
  })

  it('puts what is stored again in the place of a damaged blob', async () => {
    const { digest } = await store.blobs.addText('a text')
    await writeFile(store.blobs.path(digest), 'a tex')
    assert.equal(await store.blobs.isIntact(digest), false)
    await store.blobs.addText('a text')
    assert.equal(await store.blobs.isIntact(digest), true)
  })

  describe('examineLayer() and mendLayer()', () => {
    let layer: Digest
    let directory: string
    let aside: string
    beforeEach(async () => {
      layer = (await image()).layers[0] ?? assert.fail()
      await store.cache.rememberLayer('k', { title: 'k', diffId: layer, bytes: 1, standsOn: [], answers: [] })
      directory = store.layers.directory(layer)
      aside = join(instance.home, 'aside')
    })

    const damage: { it: string; spoil: () => Promise<unknown>; archive: string; tree: string; mended: boolean }[] = [
      { it: 'a sound layer', spoil: () => Promise.resolve(), archive: 'intact', tree: 'intact', mended: true },
      {
        it: 'a changed file',
        spoil: () => writeFile(join(directory, 'etc/a'), 'content of x'),
        ...{ archive: 'intact', tree: 'damaged', mended: true },
      },
      {
        it: 'a program with more rights',
        spoil: () => chmod(join(directory, 'etc/a'), 0o4755),
        ...{ archive: 'intact', tree: 'damaged', mended: true },
      },
      {
        it: 'a changed archive',
        spoil: () => writeFile(store.blobs.path(layer), 'x'),
        ...{ archive: 'damaged', tree: 'intact', mended: true },
      },
      {
        it: 'a missing archive',
        spoil: () => rm(store.blobs.path(layer)),
        ...{ archive: 'missing', tree: 'intact', mended: true },
      },
      {
        it: 'a changed archive and a changed tree',
        spoil: async () => {
          await writeFile(store.blobs.path(layer), 'x')
          await rm(join(directory, 'etc/a'))
        },
        ...{ archive: 'damaged', tree: 'damaged', mended: false },
      },
      {
        it: 'a missing archive and a program with more rights',
        spoil: async () => {
          await rm(store.blobs.path(layer))
          await chmod(join(directory, 'etc/a'), 0o4644)
        },
        ...{ archive: 'missing', tree: 'damaged', mended: false },
      },
    ]
    for (const { it: name, spoil, archive, tree, mended } of damage) {
      it(`find ${name} and ${mended ? 'leave it sound' : 'have it built again'}`, async () => {
        await spoil()
        const health = await examineLayer(store, layer)
        assert.deepEqual([health.archive, health.tree], [archive, tree])
        assert.equal(await mendLayer(store, health, aside), mended)
        const after = await examineLayer(store, layer)
        if (mended) assert.deepEqual([after.archive, after.tree], ['intact', 'intact'])
        assert.equal((await store.cache.layer('k')) !== undefined, mended)
      })
    }

    it('keep a damaged tree aside for what still runs on it', async () => {
      await writeFile(join(directory, 'etc/a'), 'changed')
      await mendLayer(store, await examineLayer(store, layer), aside)
      assert.equal(await readFile(join(aside, 'etc/a'), 'utf8'), 'changed')
    })
  })

  it('does not take for garbage what a build makes that goes on', async () => {
    const release = protectBuild(instance.home)
    await image()
    assert.deepEqual(await store.garbage([]), [])
    release()
    assert.notDeepEqual(await store.garbage([]), [])
  })
})
