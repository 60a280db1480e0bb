import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cp, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { listTree } from '../../src/host/tree.ts'
import { ImageStore } from '../../src/image/index.ts'
import { cleanBuilds } from '../../src/isolation/build/debris.ts'
import type { Event } from '../../src/model/events.ts'
import type { Image } from '../../src/model/plan.ts'
import { applyInstall, inspectInstall } from '../../src/steps/install/index.ts'
import { checkRoot, childProgram, debrisOf, escapeAttempts, InstallBench } from './install-bench.ts'

const run = promisify(execFile)
const examples = join(import.meta.dirname, '../../examples')

describe('an install', { timeout: 900_000 }, () => {
  let bench: InstallBench
  before(async () => (bench = await InstallBench.make()))
  after(() => bench.close())

  const images = new Map<string, Image>()
  for (const name of ['taslug', 'flask', 'node']) {
    it(`builds examples/${name} into an image that skopeo reads and umoci unpacks`, async () => {
      const image = await bench.build(join(examples, name))
      images.set(name, image)
      const store = new ImageStore(bench.instance)
      await store.tag(image.digest, `${name}:v1`)
      const reference = `${bench.instance.home}:${name}:v1`
      const inspected = JSON.parse((await run('skopeo', ['inspect', `oci:${reference}`])).stdout) as { Digest: string }
      assert.equal(inspected.Digest, image.digest)
      assert.deepEqual(await store.readImage(image.digest), image)
      const bundle = join(bench.directory, `bundle-${name}`)
      await run('umoci', ['unpack', '--image', reference, bundle])
      await checkRoot(join(bundle, 'rootfs'))
      assert.deepEqual(await debrisOf(bench.instance), [])
    })
  }

  it('reuses every layer of an unchanged tree and comes to the same digest', async () => {
    const tree = join(examples, 'flask')
    assert.equal((await bench.build(tree)).digest, images.get('flask')?.digest)
    assert.deepEqual(bench.rebuilt, [])
    const { plan, context } = await bench.prepare(tree)
    assert.deepEqual(
      new Set((await inspectInstall(plan, context, undefined)).map(({ reused }) => reused)),
      new Set([true]),
    )
  })

  it('builds nothing but the source again when a line of code has changed', async () => {
    const tree = join(bench.directory, 'changed')
    await cp(join(examples, 'flask'), tree, { recursive: true })
    await writeFile(join(tree, 'webapp.py'), `${await readFile(join(tree, 'webapp.py'), 'utf8')}# changed\n`)
    const image = await bench.build(tree)
    assert.notEqual(image.digest, images.get('flask')?.digest)
    assert.deepEqual(bench.rebuilt, ['source'])
  })

  it('comes to the same digest in another home, from nothing', async () => {
    const other = await InstallBench.make()
    try {
      assert.equal((await other.build(join(examples, 'taslug'))).digest, images.get('taslug')?.digest)
    } finally {
      await other.close()
    }
  })

  it('restores an unpacked layer from its blob', async () => {
    const image = images.get('flask')
    assert.ok(image)
    const store = new ImageStore(bench.instance)
    const [directory = ''] = (await store.layerDirectories(image)).slice(1)
    const list = async () =>
      (await listTree(directory)).map(({ path, stats }) => [path, stats.mode, stats.mtimeMs, stats.uid])
    const earlier = await list()
    await rm(directory, { recursive: true })
    await store.layerDirectories(image)
    assert.deepEqual(await list(), earlier)
  })

  it('says in OCI what overlayfs says with devices and attributes, and reads it back', async () => {
    const { layers, blobs } = new ImageStore(bench.instance)
    const upper = blobs.temporaryPath('build')
    await mkdir(join(upper, 'opaque'), { recursive: true })
    await run('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(upper, 'opaque')])
    await run('mknod', [join(upper, 'gone'), 'c', '0', '0'])
    const { diffId } = await layers.adopt(upper, { epoch: 1, times: 'set', takeOwnership: false })
    const archive = (await run('tar', ['--list', '--file', blobs.path(diffId)])).stdout
    assert.deepEqual(archive.split('\n').filter(Boolean), ['.wh.gone', 'opaque/', 'opaque/.wh..wh..opq'])
    await rm(layers.directory(diffId), { recursive: true })
    const restored = await layers.restore(diffId)
    assert.deepEqual((await readdir(restored)).sort(), ['gone', 'opaque'])
    const gone = await lstat(join(restored, 'gone'))
    assert.ok(gone.isCharacterDevice() && gone.rdev === 0)
    const attribute = await run('getfattr', ['--only-values', '-n', 'trusted.overlay.opaque', join(restored, 'opaque')])
    assert.equal(attribute.stdout, 'y')
  })

  it('lets nothing of a build reach the network past the proxy', async () => {
    const server = createServer((_, response) => response.end('reached'))
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    const address = server.address()
    assert.ok(address && typeof address === 'object')
    const tree = await bench.tree('escape', {
      'requirements.txt': '-e .\n',
      'berth.toml': '[start]\ncommand = "true"\n',
      'setup.py': escapeAttempts(address.port),
    })
    try {
      const image = await bench.build(tree)
      const directories = await new ImageStore(bench.instance).layerDirectories(image)
      const text = await readFile(join(directories.at(-2) ?? '', 'app/attempts.json'), 'utf8')
      const attempts = JSON.parse(text) as Record<string, string>
      assert.ok(Object.keys(attempts).length > 5)
      for (const [name, outcome] of Object.entries(attempts)) assert.match(outcome, /^refused/, name)
    } finally {
      server.close()
    }
  })

  it('tells the last lines of a pip install that fails, and leaves nothing', async () => {
    const tree = await bench.tree('failing', {
      'requirements.txt': 'flask==0.0.0.1\n',
      'berth.toml': '[start]\ncommand = "true"\n',
    })
    const problem = await bench.problem(bench.build(tree))
    assert.equal(problem.code, 'build-failed')
    assert.match(problem.text.lines?.join('\n') ?? '', /No matching distribution found for flask==0\.0\.0\.1/)
    assert.deepEqual(await debrisOf(bench.instance), [])
  })

  it('names a Debian package that does not exist', async () => {
    const tree = await bench.tree('misspelt', {
      'requirements.txt': '',
      'berth.toml': '[install]\napt = ["libpq55"]\n[start]\ncommand = "true"\n',
    })
    const problem = await bench.problem(bench.build(tree))
    assert.equal(problem.code, 'debian-package-unknown')
    assert.match(problem.message, /libpq55/)
    assert.match(problem.text.fix, /libpq5/)
  })

  it('refuses a package-lock.json that is out of step', async () => {
    const tree = join(bench.directory, 'out-of-step')
    await cp(join(examples, 'node'), tree, { recursive: true })
    const description = JSON.parse(await readFile(join(tree, 'package.json'), 'utf8')) as { dependencies: object }
    const changed = { ...description, dependencies: { ...description.dependencies, 'is-odd': '3.0.1' } }
    await writeFile(join(tree, 'package.json'), JSON.stringify(changed))
    assert.equal((await bench.problem(bench.build(tree))).code, 'lockfile-out-of-step')
  })

  it('leaves nothing behind when it is aborted', async () => {
    const tree = await bench.tree('slow', slowTree)
    const { plan, context } = await bench.prepare(tree)
    const emit = (event: Event) => {
      if (event.kind === 'output' && event.text.includes('Obtaining')) bench.controller.abort()
    }
    const problem = await bench.problem(applyInstall(plan, { ...context, emit }))
    assert.equal(problem.code, 'build-aborted')
    assert.deepEqual(await debrisOf(bench.instance), [])
  })

  it('leaves nothing that the next start does not remove when it is killed', async () => {
    const tree = await bench.tree('killed', slowTree)
    const child = spawn(process.execPath, ['--input-type=module', '-e', childProgram(bench.instance, tree)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        if (text.includes('Obtaining')) resolve()
      })
    })
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    assert.notDeepEqual(await debrisOf(bench.instance), [])
    await cleanBuilds(bench.instance)
    assert.deepEqual(await debrisOf(bench.instance), [])
  })

  it('finds what no kept image needs, and removes it', async () => {
    const store = new ImageStore(bench.instance)
    const kept = images.get('node')
    assert.ok(kept)
    const found = await store.garbage([kept.digest])
    assert.ok(found.some(({ kind }) => kind === 'layer') && found.some(({ kind }) => kind === 'image'))
    await store.removeGarbage(found)
    assert.deepEqual(await store.garbage([kept.digest]), [])
    assert.equal(await store.hasImage(kept.digest), true)
    assert.equal((await bench.build(join(examples, 'node'))).digest, kept.digest)
    assert.deepEqual(bench.rebuilt, [])
  })
})

const slowTree = {
  'requirements.txt': '-e .\n',
  'berth.toml': '[start]\ncommand = "true"\n',
  'setup.py': 'import time\ntime.sleep(60)\n',
}
