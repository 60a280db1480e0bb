import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { spawn } from 'node:child_process'
import { access, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './test-trees.ts'

/** Docker for the contract: a daemon of the test's own, and images of the trees that all levels run on. */

/** Kept for later runs on this machine, as the trees themselves are. */
const cache = '/var/tmp/berth-test-trees/docker'
const blobs = join(cache, 'blobs')

/** Starts a daemon that touches nothing of the host's: no bridge, no firewall rules. `DOCKER_HOST` leads to it. */
export async function startDocker(): Promise<AsyncDisposable> {
  const folder = await mkdtemp('/var/tmp/berth-docker-')
  const socket = `unix://${join(folder, 'docker.sock')}`
  const log = await open(join(folder, 'log'), 'a')
  const child = spawn(
    'dockerd',
    [
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
      ...['-H', socket, '--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
      ...['--ip-masq=false', '--storage-driver=overlay2'],
    ],
    { stdio: ['ignore', log.fd, log.fd] },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  process.env['DOCKER_HOST'] = socket
  const daemon = {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await ended
      await log.close()
      for (const point of (await mountsBelow(folder)).reverse()) await run('umount', ['--lazy', point])
      await rm(folder, { recursive: true, force: true })
    },
  }
  for (let look = 0; look < 300; look += 1) {
    if (
      await run('docker', ['version']).then(
        () => true,
        () => false,
      )
    )
      return daemon
    await sleep(100)
  }
  const words = (await readFile(join(folder, 'log'), 'utf8')).slice(-2000)
  await daemon[Symbol.asyncDispose]()
  throw new Error(`dockerd does not start:\n${words}`)
}

async function mountsBelow(folder: string): Promise<string[]> {
  const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4] ?? '')
  return points.filter((point) => point.startsWith(`${folder}/`))
}

/** An image of these trees, in an OCI image layout's blobs. */
export async function imageOf(layers: readonly string[]): Promise<{ blobs: string; manifest: string }> {
  await mkdir(blobs, { recursive: true })
  const archives = await Promise.all(layers.map(archiveOf))
  const config = await addBlob(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: archives.map(({ digest }) => digest) },
    }),
  )
  const type = 'application/vnd.oci.image'
  const manifest = await addBlob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${type}.manifest.v1+json`,
      config: { mediaType: `${type}.config.v1+json`, ...config },
      layers: archives.map((archive) => ({ mediaType: `${type}.layer.v1.tar`, ...archive })),
    }),
  )
  return { blobs, manifest: manifest.digest }
}

interface Blob {
  readonly digest: string
  readonly size: number
}

/** Of the trees that are kept, the archive is kept, too. */
async function archiveOf(tree: string): Promise<Blob> {
  const note = join(cache, `${createHash('sha256').update(tree).digest('hex')}.json`)
  const isKept = tree.startsWith('/var/tmp/berth-test-trees/')
  const known = isKept ? await readFile(note, 'utf8').catch(() => undefined) : undefined
  if (known !== undefined) return JSON.parse(known) as Blob
  const archive = join(await mkdtemp(join(cache, 'making-')), 'layer.tar')
  try {
    await run('tar', ['--numeric-owner', '-C', tree, '-cf', archive, '.'])
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of createReadStream(archive) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      size += chunk.length
    }
    const hex = hash.digest('hex')
    await rename(archive, join(blobs, hex))
    const blob = { digest: `sha256:${hex}`, size }
    if (isKept) await writeWhole(note, JSON.stringify(blob))
    return blob
  } finally {
    await rm(join(archive, '..'), { recursive: true, force: true })
  }
}

async function addBlob(text: string): Promise<Blob> {
  const hex = createHash('sha256').update(text).digest('hex')
  const isThere = await access(join(blobs, hex)).then(
    () => true,
    () => false,
  )
  if (!isThere) await writeWhole(join(blobs, hex), text)
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
}

/** Another test run that finds it finds all of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const folder = await mkdtemp(join(cache, 'making-'))
  await writeFile(join(folder, 'text'), text)
  await rename(join(folder, 'text'), path)
  await rm(folder, { recursive: true })
}
