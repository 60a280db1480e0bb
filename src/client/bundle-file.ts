import { createReadStream, createWriteStream, hasCode, readStart, rename, removeTree, stat } from '../host/files.ts'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { headerName } from '../model/bundle.ts'
import { messageOf } from '../model/problem.ts'
import { bundleUnwritable } from '../model/problems/bundle.ts'
import { daemonLost } from '../model/problems/client.ts'

/** Whether what an operator named is a bundle: a file that says so, by its name or by how it begins. */
export async function isBundle(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined)
  if (!facts?.isFile()) return false
  return path.endsWith('.berth') || (await readStart(path, headerName.length + 1)).toString() === `${headerName}\0`
}

export function readBundle(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer> // no encoding is set
}

/**
 * Writes a bundle, which gets its name only when it is whole.
 * @param size Bytes that have to come
 * @throws bundleUnwritable, daemonLost when it was cut off
 */
export async function saveBundle(path: string, content: Readable, size: number): Promise<void> {
  const beside = `${path}.${process.pid}.partial`
  try {
    await pipeline(content, createWriteStream(beside, { flags: 'wx' }))
    if ((await stat(beside)).size !== size) throw daemonLost({ work: 'the bundle' })
    await rename(beside, path)
  } catch (error) {
    if (hasCode(error, 'ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST')) {
      throw bundleUnwritable({ path, reason: messageOf(error) }, { cause: error })
    }
    if (hasCode(error, 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE')) throw daemonLost({ work: 'the bundle' })
    throw error
  } finally {
    await removeTree(beside)
  }
}
