import { join } from 'node:path'
import { runCommand } from './command.ts'
import { mkdir, readText, rm, statfs, symlink } from './files.ts'
import type { Instance } from './instance.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { ownUserNamespace } from './user-namespace.ts'

/** The mount points of a `/proc/PID/mountinfo`, in the order they were mounted (proc(5)). */
export function parseMountPoints(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((path) => path !== undefined)
    .map((path) => path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
}

export async function mountPoints(): Promise<string[]> {
  return parseMountPoints((await readText('/proc/self/mountinfo')) ?? '')
}

/**
 * Makes the run directory one in memory, unless it is one already: specifications with revealed secrets live there,
 * and nothing of them may reach a disk.
 */
export function ensureRunDirectory(instance: Instance): Promise<void> {
  return oneAtATime(`run directory ${instance.run}`, async () => {
    await mkdir(instance.run, { recursive: true, mode: 0o755 })
    if ((await mountPoints()).includes(instance.run)) return
    // What is mounted in a namespace of ours is seen by no command outside, and the socket has to be.
    if (!ownUserNamespace.isInitial && (await isInMemory(instance.run))) return
    const options = 'mode=0755,size=64m,nosuid,nodev,noexec'
    await runCommand(['mount', '-t', 'tmpfs', '-o', options, instance.name, instance.run])
  })
}

/** Whether a directory lies on a tmpfs. */
async function isInMemory(directory: string): Promise<boolean> {
  const tmpfs = 0x01021994
  return (await statfs(directory)).type === tmpfs
}

/**
 * Mounts `layers`, lowest first, read-only as one tree at `target`.
 * `links` is an empty directory to work in: mount options are one page, so layers are named there by short links.
 */
export async function mountLayers(layers: readonly string[], target: string, links: string): Promise<void> {
  await Promise.all([...layers.map((layer, index) => symlink(layer, join(links, String(index)))), mkdir(target)])
  const topmostFirst = layers.map((_, index) => index).reverse()
  const options = `ro,nosuid,nodev,lowerdir=${topmostFirst.join(':')}`
  await mountOverlay({ source: 'berth', target, options, cwd: links })
  await rm(links, { recursive: true })
}

/**
 * Mounts an overlay by mount(2). util-linux from 2.39 on would use fsconfig(2), which takes no option of more than 255
 * characters, and two layers with their full paths are that.
 */
export async function mountOverlay(overlay: {
  readonly source: string
  readonly target: string
  readonly options: string
  readonly cwd?: string
}): Promise<void> {
  const { source, target, options, cwd = '/' } = overlay
  const env = { LIBMOUNT_FORCE_MOUNT2: 'always' }
  // With attributes of the user's, who could forge a redirect, the kernel wants none to be followed.
  const forUser = `${options.replace('redirect_dir=off', 'redirect_dir=nofollow')},userxattr`
  const all = ownUserNamespace.isInitial ? options : forUser
  await runCommand(['mount', '-t', 'overlay', '-o', all, source, target], { cwd, env })
}

/** The attribute of a directory that hides what lies below it; `trusted.` ones belong to the host's root alone. */
export const opaqueAttribute = ownUserNamespace.isInitial ? 'trusted.overlay.opaque' : 'user.overlay.opaque'

/** Unmounts everything at or below `path`, innermost first. Nothing mounted there is no error. */
export async function unmountBelow(path: string): Promise<void> {
  const inside = (await mountPoints()).filter((point) => point === path || point.startsWith(`${path}/`)).reverse()
  // Lazily: a process that still stands in it keeps the tree to itself, but not this directory busy.
  for (const point of inside) await runCommand(['umount', '--lazy', point], { allowCodes: [0, 32] })
}
