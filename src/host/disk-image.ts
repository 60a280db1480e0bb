import { dirname } from 'node:path'
import { truncate } from 'node:fs/promises'
import { runCommand } from './command.ts'
import { exists, mkdir, rename, rm, rmdir, stat } from './files.ts'
import { mountPoints } from './mounts.ts'

/**
 * File systems of a fixed size in a file: the one quota of bytes and inodes that holds on whatever file system the host
 * has. What is not used takes no room on the host (sparse files; freed blocks are given back by `discard`).
 */
export interface DiskImage {
  readonly file: string
  /** At least; an image that is larger already stays so. */
  readonly bytes: number
  /** How many files there can be. */
  readonly inodes: number
  /** User and group of its topmost directory, when it is made. */
  readonly owner: number
}

/** Makes the image, unless it is there. It appears whole or not at all. */
export async function ensureDiskImage({ file, bytes, inodes, owner }: DiskImage): Promise<void> {
  if (await exists(file)) return
  const making = `${file}.making`
  await mkdir(dirname(file), { recursive: true, mode: 0o711 })
  await rm(making, { force: true })
  await runCommand(['truncate', `--size=${bytes}`, making])
  const options = [`root_owner=${owner}:${owner}`, 'lazy_itable_init=1', 'lazy_journal_init=1', 'nodiscard']
  // -m 0: no blocks are kept back for root, who does not work there.
  await runCommand(['mkfs.ext4', '-q', '-F', '-m', '0', '-N', String(inodes), '-E', options.join(','), making])
  await rename(making, file)
}

/** Copies an image as it is at this moment, as after a power cut, and only what is used of it. Nothing, when there is none. */
export async function copyDiskImage(from: string, to: string): Promise<void> {
  if (await exists(from)) await runCommand(['cp', '--sparse=always', '--reflink=auto', from, to])
}

/**
 * Mounts an image at a directory, unless it is mounted there, and lets it grow to its size.
 * @returns the block device under it, as `major:minor`
 */
export async function mountDiskImage(image: DiskImage, target: string): Promise<string> {
  await ensureDiskImage(image)
  await mkdir(target, { recursive: true, mode: 0o700 })
  if ((await mountPoints()).includes(target)) await growMounted(image, target)
  else {
    await growUnmounted(image)
    await runCommand(['mount', '-t', 'ext4', '-o', 'loop,nosuid,nodev,noexec,noatime,discard', image.file, target])
    // Databases refuse a directory that is not empty.
    await rmdir(`${target}/lost+found`).catch(() => undefined)
  }
  const { dev } = await stat(target)
  return `${major(dev)}:${minor(dev)}`
}

/** Makes the image, unless it is there, and lets it grow to its size while nobody has it mounted. */
export async function growDiskImage(image: DiskImage): Promise<void> {
  await ensureDiskImage(image)
  await growUnmounted(image)
}

async function growUnmounted({ file, bytes }: DiskImage): Promise<void> {
  if ((await stat(file)).size >= bytes) return
  // 1: what was wrong has been mended.
  await runCommand(['e2fsck', '-f', '-p', file], { allowCodes: [0, 1] })
  await truncate(file, bytes)
  await runCommand(['resize2fs', file])
}

/** Only who has CAP_SYS_RESOURCE may do that; for all others it grows when it is next mounted. */
async function growMounted({ file, bytes }: DiskImage, target: string): Promise<void> {
  const before = (await stat(file)).size
  if (before >= bytes) return
  const { stdout } = await runCommand(['findmnt', '--noheadings', '--output', 'SOURCE', '--mountpoint', target])
  const device = stdout.trim()
  const resize = async (size: number) => {
    await truncate(file, size)
    await runCommand(['losetup', '--set-capacity', device])
  }
  await resize(bytes)
  const { code } = await runCommand(['resize2fs', device], { allowCodes: [0, 1] })
  // A file system smaller than its image would never be seen to be too small again.
  if (code !== 0) await resize(before)
}

/** Numbers of a device, as glibc's makedev(3) packs them. */
function major(device: number): number {
  return Number((BigInt(device) >> 8n) & 0xfffn)
}

function minor(device: number): number {
  return Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xfff00n))
}
