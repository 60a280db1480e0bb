import { closeSync, constants, openSync, readSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { takeTurns } from './turns.ts'

/** Files of the host. Every error of node:fs names its path already; what is added here is safety against a crash. */

export {
  chmod,
  chown,
  copyFile,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
export { createReadStream, createWriteStream, watch, type Dirent, type Stats } from 'node:fs'

/** Whether something (also a dangling symbolic link) is at `path`. */
export async function exists(path: string): Promise<boolean> {
  return (await fs.lstat(path).catch(whenMissing)) !== undefined
}

/** Reads a text file; undefined when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  return fs.readFile(path, 'utf8').catch(whenMissing)
}

/**
 * Reads a small regular file of a tree that somebody else made: follows no symbolic link, does not block on a FIFO.
 * @returns undefined when there is no regular file of at most `maximumBytes` there.
 */
export async function readUntrusted(path: string, maximumBytes = 1024 * 1024): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await fs.open(path, flags).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO')) return undefined
    throw error
  })
  if (!handle) return undefined
  try {
    const facts = await handle.stat()
    return facts.isFile() && facts.size <= maximumBytes ? await handle.readFile('utf8') : undefined
  } finally {
    await handle.close()
  }
}

/**
 * Opens a file of a tree that somebody else made: follows no symbolic link, does not block on a FIFO.
 * @returns undefined when it is no regular file.
 */
export async function openRegularFile(path: string): Promise<fs.FileHandle | undefined> {
  const handle = await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  return undefined
}

/** The first bytes of a file, at most `length` of them. */
export async function readStart(path: string, length: number): Promise<Buffer> {
  await takeTurns()
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const buffer = Buffer.alloc(length)
    return buffer.subarray(0, readSync(file, buffer, 0, length, 0))
  } finally {
    closeSync(file)
  }
}

/** Replaces a file so that a crash leaves either the old content or the new: written beside, synced, renamed. */
export async function writeFileAtomically(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  const beside = `${path}.${process.pid}.${(temporaryCounter += 1)}.tmp`
  try {
    await writeSynced(beside, content, mode)
    await fs.rename(beside, path)
  } catch (error) {
    await fs.rm(beside, { force: true })
    throw error
  }
  await syncPath(dirname(path))
}
let temporaryCounter = 0

/**
 * Replaces a file whose loss costs only time: a reader never sees half of it, but nothing waits for the disk, so that a
 * power cut may leave it empty.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.${process.pid}.${(temporaryCounter += 1)}.tmp`
  await fs.writeFile(beside, content)
  await fs.rename(beside, path)
}

async function writeSynced(path: string, content: string | Buffer, mode: number): Promise<void> {
  const handle = await fs.open(path, 'wx', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a file's content, or the names in a directory, survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await fs.open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes a file or a whole tree; nothing there is no error. */
export async function removeTree(path: string): Promise<void> {
  await fs.rm(path, { recursive: true, force: true })
}

/** Whether `error` is an operating-system error with one of these codes (errno(3)). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}

function whenMissing(error: unknown): undefined {
  if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
  throw error
}

/** Sets the mode of a directory that may be a link by now: of what a link leads to, never. */
export async function chmodDirectory(path: string, mode: number): Promise<void> {
  const directory = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await directory.chmod(mode)
  } finally {
    await directory.close()
  }
}
