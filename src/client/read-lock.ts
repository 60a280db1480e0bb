import { join, relative, resolve } from 'node:path'
import { readUntrusted, stat } from '../host/files.ts'
import { largestLock, lockFileName } from '../model/lock.ts'

/** The text of a lock, and how to name it in messages. */
export interface LockText {
  readonly lock: string
  readonly lockPath: string
}

/**
 * Reads a `berth.lock`, or the one in a folder.
 * @returns `missing` when a folder has none, undefined when there is neither a file nor a folder of that name
 */
export async function readLock(path: string, workingDirectory: string): Promise<LockText | 'missing' | undefined> {
  const given = resolve(workingDirectory, path)
  const facts = await stat(given).catch(() => undefined)
  if (!facts) return undefined
  const file = facts.isDirectory() ? join(given, lockFileName) : given
  const lock = await readUntrusted(file, largestLock)
  return lock === undefined ? 'missing' : { lock, lockPath: relative(workingDirectory, file) || lockFileName }
}
