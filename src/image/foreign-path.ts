import { basename, posix } from 'node:path'
import * as files from '../host/files.ts'
import { shown, TarFault } from './foreign-header.ts'

/** Paths of layers that somebody else made. */

/** Bytes. */
export const longestPath = 4000
const longestName = 255

/** Makes a hard link. @throws TarFault when what it is to has just gone */
export async function linkFile(source: string, path: string): Promise<void> {
  try {
    await files.link(source, path)
  } catch (error) {
    if (!files.hasCode(error, 'ENOENT', 'EMLINK')) throw error
    throw new TarFault(`${shown(basename(path))} is a link to what it takes the place of, or one of too many`)
  }
}

/** A path inside the layer, without slashes at its ends; empty for the layer itself. @throws TarFault */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path.replace(/^\/+/, '')).replace(/\/+$/, '')
  if (clean === '..' || clean.startsWith('../')) throw new TarFault(`the path ${shown(path)} leads out of the layer`)
  const isTooLong = clean.split('/').some((name) => Buffer.byteLength(name) > longestName)
  if (isTooLong || Buffer.byteLength(clean) > longestPath) throw new TarFault(`the path ${shown(path)} is too long`)
  return clean === '.' ? '' : clean
}

/** Whether a directory, or a regular file, is there; links are not followed. */
export async function isKind(path: string, kind: 'directory' | 'file'): Promise<boolean> {
  const facts = await files.lstat(path).catch((error: unknown) => {
    if (files.hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  })
  return kind === 'directory' ? facts?.isDirectory() === true : facts?.isFile() === true
}
