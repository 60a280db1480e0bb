import { createHash, type Hash } from 'node:crypto'
import { closeSync, constants, openSync, read, readSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncPath } from './files.ts'
import { takeTurns } from './turns.ts'

/** A file that is hashed while it is written, and gets its real name only when it is complete and on disk. */
export class HashingFile {
  readonly path: string
  readonly #handle: fs.FileHandle
  readonly #hash: Hash = createHash('sha256')
  #bytes = 0
  /** Small writes are gathered here: an archive has thousands of headers. */
  readonly #pending = Buffer.alloc(512 * 1024)
  #filled = 0

  private constructor(path: string, handle: fs.FileHandle) {
    this.path = path
    this.#handle = handle
  }

  /** Creates the file at `path`, which must not exist. */
  static async create(path: string): Promise<HashingFile> {
    return new HashingFile(path, await fs.open(path, 'wx', 0o644))
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes a copy of `chunk`. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    this.#bytes += chunk.length
    if (this.#filled + chunk.length > this.#pending.length) await this.#flush()
    if (chunk.length > this.#pending.length) return this.#handle.writeFile(chunk)
    this.#pending.set(chunk, this.#filled)
    this.#filled += chunk.length
  }

  async #flush(): Promise<void> {
    await this.#handle.writeFile(this.#pending.subarray(0, this.#filled))
    this.#filled = 0
  }

  /** Syncs and closes the file. @returns the SHA-256 of what was written, in hexadecimal. */
  async finish(): Promise<string> {
    await this.#flush()
    await this.#handle.sync()
    await this.#handle.close()
    return this.#hash.digest('hex')
  }

  /** Moves the finished file to its name; the move survives a power cut. */
  async moveTo(target: string): Promise<void> {
    await fs.rename(this.path, target)
    await syncPath(dirname(target))
  }

  /** Closes and removes the file; harmless after `moveTo`. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined) // it is closed already after finish()
    await fs.rm(this.path, { force: true })
  }
}

/** SHA-256 of a file's content, in hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of readChunks(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Bytes. Files that are smaller are read in one turn. */
const chunkBytes = 256 * 1024
const buffers: Buffer[] = []
const keptBuffers = 2

/** The content of a file in chunks; the chunk is only valid until the next one is asked for. */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  await takeTurns()
  // Without blocking on a FIFO; for a file it means nothing.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = buffers.pop() ?? Buffer.allocUnsafe(chunkBytes)
  try {
    let bytesRead = readSync(file, buffer)
    while (bytesRead > 0) {
      yield buffer.subarray(0, bytesRead)
      // What is left of a large file may have to come from the disk.
      bytesRead = bytesRead < chunkBytes ? readSync(file, buffer) : await readOn(file, buffer)
    }
  } finally {
    closeSync(file)
    if (buffers.length < keptBuffers) buffers.push(buffer)
  }
}

function readOn(file: number, buffer: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, buffer, 0, buffer.length, null, (error, bytesRead) => (error ? reject(error) : resolve(bytesRead)))
  })
}
