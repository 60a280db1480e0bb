import { dirname, join, posix } from 'node:path'
import { CommandFailed, runCommand } from '../../../host/command.ts'
import * as files from '../../../host/files.ts'
import { listTree, type TreeEntry } from '../../../host/tree.ts'
import { sourceUnusable } from '../../../model/problems/install.ts'
import { makeDirectories, resolveInRoot } from './root-path.ts'

/** Seconds that tar may take. */
const longest = 1800

/** Whether tar can read a file; Docker goes by the content, too. */
export async function isArchive(path: string): Promise<boolean> {
  const facts = await files.stat(path)
  if (!facts.isFile() || facts.size === 0) return false
  const options = { allowCodes: [0, 1, 2], keepLast: 1024, timeoutSeconds: longest }
  const { code } = await runCommand(['tar', '--list', `--file=${path}`], options)
  return code === 0
}

interface Unpacking {
  readonly archive: string
  /** How messages call it. */
  readonly name: string
  /** A directory that is not there yet, outside of any image. */
  readonly staging: string
  /** The image's root on the host, and the directory in it that the archive goes into. */
  readonly root: string
  readonly destination: string
  readonly signal: AbortSignal
}

/**
 * Unpacks an archive into an image. First beside it: tar on the host would follow the image's symbolic links out of it.
 * @throws sourceUnusable for an archive that breaks off, or has devices in it
 */
export async function unpackArchive(unpacking: Unpacking): Promise<void> {
  const { staging, root, destination } = unpacking
  const named = await unpackBeside(unpacking)
  const merged = new Map<number, string>()
  for (const entry of (await listTree(staging)).slice(1)) {
    const to = posix.join(destination, entry.path)
    const above = resolveInRoot(root, dirname(to))
    const target = entry.stats.isDirectory() ? resolveInRoot(root, to) : join(above, posix.basename(to))
    await makeDirectories(above)
    await merge(join(staging, entry.path), target, { entry, merged, isNamed: named.has(entry.path) })
  }
  await files.removeTree(staging)
}

/** @returns directories that the archive itself has, and not just something in them. */
async function unpackBeside({ archive, name, staging, signal }: Unpacking): Promise<Set<string>> {
  const named = new Set<string>()
  await files.mkdir(staging, { mode: 0o755 })
  const options = [
    '--verbose',
    '--quoting-style=literal',
    '--numeric-owner',
    '--same-owner',
    '--same-permissions',
  ] as const
  try {
    await runCommand(['tar', '--extract', `--file=${archive}`, `--directory=${staging}`, ...options], {
      signal,
      keepLast: 4096,
      timeoutSeconds: longest,
      onLine: (line, stream) => {
        if (stream === 'stdout' && line.endsWith('/')) named.add(posix.normalize(line).replace(/^\/+|\/+$/g, ''))
      },
    })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof CommandFailed)) throw error
    const [reason = ''] = error.stderr.trim().split('\n')
    throw sourceUnusable({ path: name, reason }, { cause: error })
  }
  return named
}

interface Merging {
  readonly entry: TreeEntry
  /** Where files with several names have gone, by their inode. */
  readonly merged: Map<number, string>
  readonly isNamed: boolean
}

async function merge(source: string, target: string, { entry, merged, isNamed }: Merging): Promise<void> {
  const { path, stats } = entry
  if (stats.isDirectory()) {
    const isThere = await isDirectory(target)
    // Where a link of the image leads there may be nothing yet.
    await makeDirectories(dirname(target))
    if (!isThere) await replaceBy(target, () => files.mkdir(target))
    if (!isThere || isNamed) await takeOver(target, stats)
    return
  }
  if (stats.isSymbolicLink()) {
    await replaceBy(target, async () => files.symlink(await files.readlink(source), target))
    await files.lchown(target, stats.uid, stats.gid)
    return
  }
  if (!stats.isFile()) throw sourceUnusable({ path, reason: 'it is a device or a pipe, which no image can have' })
  const first = merged.get(stats.ino)
  if (first !== undefined) return replaceBy(target, () => files.link(first, target))
  await replaceBy(target, () => files.copyFile(source, target))
  await takeOver(target, stats)
  if (stats.nlink > 1) merged.set(stats.ino, target)
}

async function replaceBy(target: string, make: () => Promise<unknown>): Promise<void> {
  await files.removeTree(target)
  await make()
}

async function takeOver(target: string, { uid, gid, mode }: TreeEntry['stats']): Promise<void> {
  await files.lchown(target, uid, gid)
  await files.chmod(target, mode & 0o7777)
}

async function isDirectory(path: string): Promise<boolean> {
  const facts = await files.lstat(path).catch((error: unknown) => {
    if (files.hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  })
  return facts?.isDirectory() === true
}
