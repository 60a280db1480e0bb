import { join } from 'node:path'
import { chmod, lstat, mkdir, readUntrusted, type Stats, symlink, writeFile } from '../../host/files.ts'
import type { SandboxSpec } from '../../model/sandbox.ts'

/** What every sandbox's tree must have, whatever its image brings: mount points and a few files of /etc. */

/** With the modes that the runtime then gives to what it mounts there, whatever the mount options say. */
const mountPoints = { proc: 0o555, sys: 0o755, dev: 0o755, tmp: 0o1777, run: 0o1777, etc: 0o755 }

/** Below them, for runtimes that cannot make them there: what they mount first is in memory of the sandbox's own. */
const mountPointsBelow = { directories: ['sys/fs/cgroup', 'run/berth'], files: ['run/berth/init', 'run/berth/busybox'] }

/**
 * Writes the topmost layer of a sandbox: its plain directories hide what an image may have made of `/dev` or `/etc`
 * (a symbolic link there once led a runtime out of its container, CVE-2026-41579).
 * @param uid the application's user and group, as it sees itself
 */
export async function writeScaffold(spec: SandboxSpec, uid: number, directory: string): Promise<void> {
  const [passwd, group] = await Promise.all([
    readFromLayers(spec.layers, 'etc/passwd'),
    readFromLayers(spec.layers, 'etc/group'),
    ...Object.entries(mountPoints).map(async ([name, mode]) => {
      await mkdir(join(directory, name))
      await chmod(join(directory, name), mode) // mkdir's own mode is cut by the umask
    }),
  ])
  await Promise.all(mountPointsBelow.directories.map((name) => mkdir(join(directory, name), { recursive: true })))
  const files = {
    hosts: hostsFile(spec),
    'resolv.conf': resolverFile(spec),
    hostname: `${spec.hostname}\n`,
    passwd: withAppUser(uid, passwd ?? 'root:x:0:0:root:/root:/bin/sh\n'),
    group: withAppGroup(uid, group ?? 'root:x:0:\n'),
  }
  await Promise.all([
    ...Object.entries(files).map(([name, content]) => writeFile(join(directory, 'etc', name), content)),
    symlink('/proc/mounts', join(directory, 'etc/mtab')), // which Podman and Docker would add
    ...mountPointsBelow.files.map((name) => writeFile(join(directory, name), '')),
    ...spec.volumes.map(({ target }) => addMountPoint(spec.layers, directory, target)),
  ])
}

/** Its own name must be in it: some servers look themselves up when they start, and wait for a resolver otherwise. */
export function hostsFile({ hostname, link }: Pick<SandboxSpec, 'hostname' | 'link'>): string {
  return `127.0.0.1 localhost\n${link?.sandboxAddress ?? '127.0.0.1'} ${hostname}\n`
}

/** Without a name server, a look-up asks this sandbox's own loopback and fails at once. */
export function resolverFile({ network }: Pick<SandboxSpec, 'network'>): string {
  return network ? `nameserver ${network.nameServer}\noptions timeout:2 attempts:3\n` : ''
}

/** Adds the application's user, unless the image has one with its number; the name is `app` where that is free. */
export function withAppUser(uid: number, passwd: string): string {
  return withEntry(uid, passwd, (name) => `${name}:x:${uid}:${uid}::/tmp:/bin/sh`)
}

export function withAppGroup(gid: number, group: string): string {
  return withEntry(gid, group, (name) => `${name}:x:${gid}:`)
}

function withEntry(id: number, file: string, entryFor: (name: string) => string): string {
  const entries = file.split('\n').filter((line) => line !== '')
  if (entries.some((line) => line.split(':')[2] === String(id))) return file
  const isTaken = entries.some((line) => line.startsWith('app:'))
  return [...entries, entryFor(isTaken ? 'berth-app' : 'app'), ''].join('\n')
}

/** Reads a file as the stacked layers show it, topmost first, without following a link out of the image. */
async function readFromLayers(layers: readonly string[], path: string): Promise<string | undefined> {
  for (const layer of layers.toReversed()) {
    const parent = await kindOf(join(layer, path, '..'))
    if (parent && !parent.isDirectory()) return undefined
    const found = await kindOf(join(layer, path))
    // Anything else than a file hides what lies below; a character device is overlayfs's mark for "deleted".
    if (found) return found.isFile() ? readUntrusted(join(layer, path)) : undefined
  }
  return undefined
}

/** Makes the directory of a volume, unless a link in the image leads there: the runtime resolves that one safely. */
async function addMountPoint(layers: readonly string[], directory: string, target: string): Promise<void> {
  const parts = target.split('/').filter((part) => part !== '')
  for (const [index] of parts.entries()) {
    const path = parts.slice(0, index + 1).join('/')
    const found = await Promise.all(layers.map((layer) => kindOf(join(layer, path))))
    if (found.findLast((stats) => stats !== undefined)?.isSymbolicLink()) return
  }
  await mkdir(join(directory, ...parts), { recursive: true, mode: 0o755 })
}

async function kindOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined)
}
