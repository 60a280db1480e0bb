import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { instanceFrom, pathsOf, type Instance } from '../../src/host/instance.ts'
import { listTree } from '../../src/host/tree.ts'
import { ImageStore } from '../../src/image/index.ts'
import { cleanBuilds } from '../../src/isolation/build-debris.ts'
import type { Event } from '../../src/model/events.ts'
import type { Digest } from '../../src/model/names.ts'
import { parseManifest } from '../../src/model/parse-manifest.ts'
import type { Image } from '../../src/model/plan.ts'
import { Problem } from '../../src/model/problem.ts'
import { applyInstall, gatherTreeFacts, inspectInstall, planInstall } from '../../src/steps/install/index.ts'

const run = promisify(execFile)
const examples = join(import.meta.dirname, '../../examples')

/** Whatever a build may leave behind on a host. */
async function debrisOf(instance: Instance): Promise<string[]> {
  const { builds, temporary } = pathsOf(instance)
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(builds))
  const listed = async (path: string) => readdir(path).catch(() => [])
  const left = [...(await listed(builds)).filter((name) => !name.startsWith('.')), ...(await listed(temporary))]
  const containers = await listed(join(builds, '.runc'))
  const groups = (await listed(`/sys/fs/cgroup/memory/${instance.name}`)).filter((name) => name.startsWith('build-'))
  const processes = (await run('ps', ['-eo', 'args'])).stdout.split('\n').filter((line) => line.includes(builds))
  return [...mounts, ...left, ...containers, ...groups, ...processes]
}

async function digestOfTree(directory: string): Promise<Digest> {
  const hash = createHash('sha256')
  for (const { path, stats } of await listTree(directory)) {
    hash.update(`${path}\0${stats.mode}\0`)
    if (stats.isFile()) hash.update(await readFile(join(directory, path)))
  }
  return `sha256:${hash.digest('hex')}`
}

class Bench {
  readonly directory: string
  readonly instance: Instance
  events: Event[] = []
  controller = new AbortController()

  constructor(directory: string) {
    this.directory = directory
    const environment = { BERTH_HOME: join(directory, 'home'), BERTH_RUN: join(directory, 'run') }
    this.instance = instanceFrom(environment)
  }

  async build(tree: string): Promise<Image> {
    const { plan, context } = await this.prepare(tree)
    return applyInstall(plan, context)
  }

  async prepare(tree: string) {
    this.events = []
    this.controller = new AbortController()
    const text = await readFile(join(tree, 'berth.toml'), 'utf8').catch(() => '')
    const plan = planInstall(parseManifest(text, 'berth.toml'), await gatherTreeFacts(tree))
    const context = {
      instance: this.instance,
      treeDir: tree,
      treeDigest: await digestOfTree(tree),
      emit: (event: Event) => void this.events.push(event),
      signal: this.controller.signal,
      refresh: false,
    }
    return { plan, context }
  }

  /** A source tree with these files. */
  async tree(name: string, content: Record<string, string>): Promise<string> {
    const directory = join(this.directory, name)
    await mkdir(directory)
    for (const [path, text] of Object.entries(content)) await writeFile(join(directory, path), text)
    return directory
  }

  get rebuilt(): string[] {
    return this.events.flatMap((event) => (event.kind === 'layer' && !event.reused ? [event.title] : []))
  }

  async problem(work: Promise<unknown>): Promise<Problem> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof Problem, `not a problem: ${String(error)}`)
    return error
  }
}

describe('an install', { timeout: 900_000 }, () => {
  let bench: Bench
  before(async () => (bench = new Bench(await mkdtemp(join(tmpdir(), 'berth-install-')))))
  after(async () => {
    await cleanBuilds(bench.instance)
    assert.deepEqual(await debrisOf(bench.instance), [])
    await rm(bench.directory, { recursive: true })
  })

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
    assert.deepEqual(new Set((await inspectInstall(plan, context)).map(({ reused }) => reused)), new Set([true]))
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
    const other = new Bench(await mkdtemp(join(tmpdir(), 'berth-install-elsewhere-')))
    try {
      assert.equal((await other.build(join(examples, 'taslug'))).digest, images.get('taslug')?.digest)
    } finally {
      await cleanBuilds(other.instance)
      await rm(other.directory, { recursive: true })
    }
  })

  it('restores an unpacked layer from its blob', async () => {
    const image = images.get('flask')
    assert.ok(image)
    const store = new ImageStore(bench.instance)
    const [directory = ''] = (await store.layerDirectories(image)).slice(1)
    const list = async () =>
      (await listTree(directory)).map(({ path, stats }) => [path, stats.mode, stats.mtimeMs, stats.uid])
    const earlier = (await list()).slice(1)
    await rm(directory, { recursive: true })
    await store.layerDirectories(image)
    assert.deepEqual((await list()).slice(1), earlier)
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

/** What must hold for the root of every image. */
async function checkRoot(root: string): Promise<void> {
  const stale: string[] = []
  for (const { path, stats } of await listTree(root)) {
    assert.equal(stats.mode & 0o6000, 0, `${path} would run with more rights`)
    if (path.endsWith('.pyc') && stats.isFile() && (await isStale(root, path))) stale.push(path)
  }
  assert.deepEqual(stale, [])
}

/** Whether Python would compile again: the file holds another time than its source has (PEP 552). */
async function isStale(root: string, path: string): Promise<boolean> {
  const head = (await readFile(join(root, path))).subarray(0, 16)
  const isPython3 = path.includes('__pycache__/')
  if (isPython3 && (head.readUInt32LE(4) & 1) === 1) return false
  const source = isPython3 ? path.replace(/__pycache__\/([^/.]+)\..*$/, '$1.py') : path.slice(0, -1)
  const facts = await lstat(join(root, source)).catch(() => undefined)
  return facts !== undefined && Math.floor(facts.mtimeMs / 1000) !== head.readUInt32LE(isPython3 ? 8 : 4)
}

/** A setup.py that tries every way out and writes down what came of each. */
function escapeAttempts(port: number): string {
  return `
import ctypes, json, os, socket, urllib.request
from setuptools import setup

def connect(host, port):
    socket.create_connection((host, port), timeout=3)

def fetch(url):
    urllib.request.urlopen(url, timeout=5).read()

def is_root():
    if os.getuid() != 0 and "CapEff:\\t0000000000000000" in open("/proc/self/status").read():
        raise OSError("no root")

def unshare():
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno())

attempts = {
    "a public address": lambda: connect("1.1.1.1", 80),
    "a name": lambda: socket.getaddrinfo("example.org", 80),
    "a link-local address": lambda: connect("169.254.169.254", 80),
    "the host directly": lambda: connect("127.0.0.1", ${port}),
    "metadata through the proxy": lambda: fetch("http://169.254.169.254/latest/meta-data/"),
    "the host through the proxy": lambda: fetch("http://127.0.0.1:${port}/"),
    "the host by name through the proxy": lambda: fetch("http://localhost:${port}/"),
    "the host in IPv6 clothes": lambda: fetch("http://[::ffff:127.0.0.1]:${port}/"),
    "the host by a tunnel": lambda: fetch("https://127.0.0.1:${port}/"),
    "root": is_root,
    "a user namespace": unshare,
    "a file of the image": lambda: open("/usr/bin/planted", "w"),
    "a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
}
outcomes = {}
for name, attempt in attempts.items():
    try:
        attempt()
        outcomes[name] = "reached"
    except Exception as error:
        outcomes[name] = "refused: " + repr(error)
with open("/app/attempts.json", "w") as file:
    json.dump(outcomes, file)
setup(name="escape", version="1", py_modules=[])
`
}

/** Builds in a process of its own, so that it can be killed. */
function childProgram(instance: Instance, tree: string): string {
  const source = join(import.meta.dirname, '../../src')
  return `
import { applyInstall, gatherTreeFacts, planInstall } from ${JSON.stringify(join(source, 'steps/install/index.ts'))}
import { parseManifest } from ${JSON.stringify(join(source, 'model/parse-manifest.ts'))}
const tree = ${JSON.stringify(tree)}
const plan = planInstall(parseManifest('[start]\\ncommand = "true"', 'berth.toml'), await gatherTreeFacts(tree))
const emit = (event) => event.kind === 'output' && console.log(event.text)
const signal = new AbortController().signal
const treeDigest = 'sha256:' + '0'.repeat(64)
const instance = ${JSON.stringify(instance)}
await applyInstall(plan, { instance, treeDir: tree, treeDigest, emit, signal, refresh: false })
`
}
