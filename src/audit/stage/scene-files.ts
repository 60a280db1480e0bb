import { readText, chmod, chown, copyFile, mkdir, writeFile } from '../../host/files.ts'
import { runCommand } from '../../host/command.ts'
import { exists } from '../../host/files.ts'
import { mountLayers } from '../../host/mounts.ts'
import type { StageOrder } from './order.ts'
import { places, sceneRun, volumeOf } from './places.ts'
import type { Tokens } from './tokens.ts'

/** Files of the host that an application has no business with, the image that it comes of, and its neighbour's. */
export async function writeScene(tokens: Tokens, { image }: StageOrder): Promise<void> {
  await write('/etc/passwd', `root:x:0:0:root:/root:/bin/sh\nkeeper:x:1999:1999:${tokens.passwd}:/var:/bin/false\n`)
  await write('/etc/group', 'root:x:0:\nkeeper:x:1999:\n')
  await write('/var/lib/dpkg/status', packagesOf(tokens.package))
  await write('/var/lib/dpkg/available', '')
  await write(places.rootFile, `${tokens.rootFile}\n`, 0o600)
  await write(places.hostFile, `${tokens.hostFile}\n`)
  await write(`${places.home}/state.db`, `${tokens.berthFile}\n`, 0o600)
  await write(`${places.home}/logs/neighbour/neighbour-1.log`, `${tokens.berthFile}\n`, 0o600)
  for (const [name, mode] of [
    ['open', 0o777],
    ['root', 0o700],
    ['own', 0o700],
  ] as const) {
    await write(`${places.canaries}/${name}/file`, 'stands\n', 0o644)
    await chmod(`${places.canaries}/${name}`, mode)
  }
  await write(`${places.neighbourLayer}/app/neighbour-code.txt`, `${tokens.neighbourCode}\n`)
  for (const role of ['attacked', 'neighbour'] as const) await mkdir(volumeOf(role), { recursive: true })
  // Where the ladder keeps what it starts; levels mount their own there.
  await write(`${sceneRun}/sandboxes/kept/config.json`, '{}\n', 0o600)
  await writeWitness()
  await mkdir('/var/lib/scene/links', { recursive: true })
  await mountLayers(image.layers, places.image, '/var/lib/scene/links')
  await writePython()
}

/** As many as nobody has by chance. */
function packagesOf(token: string): string {
  return Array.from(
    { length: 12 },
    (_, index) =>
      `Package: only-on-the-host-${index}\nStatus: install ok installed\nArchitecture: all\nMaintainer: nobody\n` +
      `Version: 1.${token}\nDescription: a package that only the host has\n`,
  ).join('\n')
}

/** A setuid program of root's, in a layer and on the host: whoever runs it is root where that counts. */
async function writeWitness(): Promise<void> {
  for (const path of [places.witness, `${places.witnessLayer}${places.witness}`]) {
    await mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
    await copyFile('/usr/bin/id', path)
    await chown(path, 0, 0)
    await chmod(path, 0o4755)
  }
}

/** The image as a layer, so that an application without a Python can be attacked by one. */
export async function writeTools(): Promise<void> {
  const folder = `${places.toolsLayer}${places.toolsInside}`
  await mkdir(folder, { recursive: true })
  await runCommand(['cp', '-a', `${places.image}/.`, folder])
}

/** The command line of that Python, at a place where it is seen. */
export async function pythonAt(root: string): Promise<string[]> {
  const [linker, libraries] = await linkerAt(places.image)
  return [
    `${root}/${linker}`,
    '--library-path',
    libraries.map((folder) => `${root}/${folder}`).join(':'),
    `${root}/usr/bin/python3`,
  ]
}

async function linkerAt(root: string): Promise<[linker: string, libraries: string[]]> {
  const [machine, loader] =
    process.arch === 'arm64' ? ['aarch64', 'ld-linux-aarch64.so.1'] : ['x86_64', 'ld-linux-x86-64.so.2']
  const places = [`lib64/${loader}`, `lib/${loader}`, `usr/lib64/${loader}`]
  const found = await Promise.all(places.map(async (path) => ((await exists(`${root}/${path}`)) ? path : undefined)))
  const linker = found.find((path) => path !== undefined) ?? loader
  return [linker, ['usr/lib', 'lib'].map((folder) => `${folder}/${machine}-linux-gnu`)]
}

async function writePython(): Promise<void> {
  const words = await pythonAt(places.image)
  await write(`${places.tools}/python3`, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, 0o755)
}

async function write(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  await writeFile(path, content)
  await chmod(path, mode)
}

/** A disk of the host: a file behind a loop device, which goes when the last mount of it does. */
export async function makeDisk(token: string): Promise<[major: number, minor: number] | undefined> {
  await write('/var/lib/scene/disk', '')
  await runCommand(['truncate', '--size', '4M', '/var/lib/scene/disk'])
  const made = await runCommand(['mkfs.ext4', '-q', '-L', token.slice(0, 16), '/var/lib/scene/disk'], {
    allowCodes: [0, 1, 2, 127],
  }).catch(() => undefined)
  if (made?.code !== 0) return undefined
  const free = await runCommand(['losetup', '--find'], { allowCodes: [0, 1] })
  const device = free.stdout.trim()
  const minor = Number(/loop([0-9]+)$/.exec(device)?.[1] ?? NaN)
  if (Number.isNaN(minor)) return undefined
  if (!(await exists(device))) await runCommand(['mknod', device, 'b', '7', String(minor)])
  await mkdir('/var/lib/scene-disk', { recursive: true })
  const options = `loop=${device}`
  const mounted = await runCommand(['mount', '-o', options, '/var/lib/scene/disk', '/var/lib/scene-disk'], {
    allowCodes: [0, 1, 32],
  })
  if (mounted.code !== 0) return undefined
  await write('/var/lib/scene-disk/secret', `${token}\n`, 0o600)
  await chmod('/var/lib/scene-disk', 0o700)
  await runCommand(['sync', '-f', '/var/lib/scene-disk/secret'])
  return [7, minor]
}

export async function hostMemoryKibibytes(): Promise<number> {
  return Number(/^MemTotal:\s+(\d+)/m.exec((await readText('/proc/meminfo')) ?? '')?.[1] ?? 0)
}
