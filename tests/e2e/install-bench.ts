import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { instanceFrom, pathsOf, type Instance } from '../../src/host/instance.ts'
import { listTree } from '../../src/host/tree.ts'
import { cleanBuilds } from '../../src/isolation/build/debris.ts'
import type { Event } from '../../src/model/events.ts'
import type { Digest } from '../../src/model/names.ts'
import { parseManifest } from '../../src/model/parse-manifest.ts'
import type { Image } from '../../src/model/plan.ts'
import { Problem } from '../../src/model/problem.ts'
import { applyInstall, gatherTreeFacts, planInstall } from '../../src/steps/install/index.ts'

/** What the end-to-end test of the install step works with: a home of its own, and things for it to build. */

const run = promisify(execFile)

/** Whatever a build may leave behind on a host. */
export async function debrisOf(instance: Instance): Promise<string[]> {
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

export class InstallBench {
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
    return (await applyInstall(plan, context)).image
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
      locking: { mode: 'record', update: [] } as const,
    }
    return { plan, context }
  }

  /** Makes a bench with a home of its own. */
  static async make(): Promise<InstallBench> {
    return new InstallBench(await mkdtemp(join(tmpdir(), 'berth-install-')))
  }

  /** Removes it, and fails when builds have left anything on the host. */
  async close(): Promise<void> {
    await cleanBuilds(this.instance)
    assert.deepEqual(await debrisOf(this.instance), [])
    for (const controller of await readdir('/sys/fs/cgroup')) {
      await rmdir(join('/sys/fs/cgroup', controller, this.instance.name)).catch(() => undefined) // not on every hierarchy
    }
    await rm(this.directory, { recursive: true })
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

/** What must hold for the root of every image. */
export async function checkRoot(root: string): Promise<void> {
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
export function escapeAttempts(port: number): string {
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
export function childProgram(instance: Instance, tree: string): string {
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
await applyInstall(plan, { instance, treeDir: tree, treeDigest, emit, signal, locking: { mode: 'record', update: [] } })
`
}
