import { watch } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { hasCode } from './files.ts'

/** Files that somebody else writes to: their ends, and what is added to them while we look. */

/** Reads the last `bytes` of a file, at most up to `end`. Undefined when there is no file. */
export async function readEnd(path: string, bytes: number, end = Infinity): Promise<FileEnd | undefined> {
  const handle = await openIfThere(path)
  if (!handle) return undefined
  try {
    const size = Math.min((await handle.stat()).size, end)
    const start = Math.max(0, size - bytes)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(size - start), 0, size - start, start)
    return { content: buffer.subarray(0, bytesRead), isWhole: start === 0 }
  } finally {
    await handle.close()
  }
}

export interface FileEnd {
  readonly content: Buffer
  /** Whether it begins where the file does. */
  readonly isWhole: boolean
}

/** Gives the size of a file, 0 when there is none. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/**
 * Gives what is added to a file after `offset`, as it comes, until `signal` aborts. When the file is renamed and a new
 * one made in its place, goes on with the new one from its beginning, and loses nothing of the old.
 */
export async function* followFile(path: string, offset: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  let position = offset
  let handle = await openIfThere(path)
  try {
    while (!signal.aborted) {
      handle ??= await openIfThere(path)
      const isReplaced = handle !== undefined && (await isAnother(path, handle))
      if (handle) {
        // Read after the look at the name: whatever the writer still put into the old file is in it by now.
        for (const chunk of await readFrom(handle, position)) {
          position += chunk.length
          yield chunk
        }
      }
      if (isReplaced) {
        await handle?.close()
        handle = undefined
        position = 0
      } else await change(path, signal)
    }
  } finally {
    await handle?.close()
  }
}

async function isAnother(path: string, handle: FileHandle): Promise<boolean> {
  const [own, named] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)])
  return named !== undefined && named.ino !== own.ino
}

const chunkSize = 64 * 1024

async function readFrom(handle: FileHandle, start: number): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for (let position = start; ;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkSize), 0, chunkSize, position)
    if (bytesRead === 0) return chunks
    chunks.push(buffer.subarray(0, bytesRead))
    position += bytesRead
    if (chunks.length === 64) return chunks
  }
}

/** Waits for a change of the file, at most half a second: not every file system tells of changes. */
function change(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = new AbortController()
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', settle)
      stop.abort()
      resolve()
    }
    const timer = setTimeout(settle, 500)
    signal.addEventListener('abort', settle, { once: true })
    try {
      watch(path, { signal: stop.signal }, settle).on('error', () => undefined)
    } catch {
      // There is no file yet, or no watch left to have: the timer does.
    }
  })
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  })
}
