import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import type { Readable, Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { createReadStream } from '../host/files.ts'
import type { Digest } from '../model/names.ts'
import { TarFault } from './foreign-header.ts'
import { readForeignTar } from './foreign-tar.ts'
import { ForeignTree } from './foreign-tree.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

export interface ForeignLayer {
  /** Its archive, as it was downloaded. */
  readonly archive: string
  readonly compression: Compression
  /** Of the archive when it is decompressed. */
  readonly diffId: Digest
}

/** Bytes of a layer's decompressed archive: more than any that is meant, less than fills a disk. */
export const largestForeignLayer = 32 * 1024 ** 3

export interface Unpacking {
  readonly signal: AbortSignal
  /** Bytes; default: `largestForeignLayer`. */
  readonly largest?: number
}

/**
 * Unpacks a layer that somebody else made into an empty directory, as overlayfs wants it: without set-user bits and
 * devices. The caller normalises it, and gives it a digest of its own.
 * @returns how many devices were left out
 * @throws TarFault for what is damaged, hostile, too large or not what `diffId` says; the caller removes the directory
 */
export async function unpackForeignLayer(
  { archive, compression, diffId }: ForeignLayer,
  directory: string,
  { signal, largest = largestForeignLayer }: Unpacking,
): Promise<number> {
  const tree = new ForeignTree(directory)
  const hash = createHash('sha256')
  const read = async (source: AsyncIterable<Buffer>) => {
    await readForeignTar(counted(source, { largest, hash }), (header, content) => tree.add(header, content))
  }
  await decompressed(createReadStream(archive), decompressor(compression), { signal, read })
  const found = `sha256:${hash.digest('hex')}`
  if (found !== diffId) throw new TarFault(`its content is ${found}, and the image says ${diffId}`)
  await tree.finish()
  return tree.leftOut
}

async function* counted(
  source: AsyncIterable<Buffer>,
  { largest, hash }: { readonly largest: number; readonly hash: ReturnType<typeof createHash> },
): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > largest) throw new TarFault(`it has more than ${Math.floor(largest / 1024 ** 2)} MiB when decompressed`)
    hash.update(chunk)
    yield chunk
  }
}

function decompressor(compression: Compression): Transform | undefined {
  switch (compression) {
    case 'none':
      return undefined
    case 'gzip':
      return createGunzip()
    case 'zstd':
      return createZstdDecompress()
  }
}

interface Reading {
  readonly signal: AbortSignal
  readonly read: (source: AsyncIterable<Buffer>) => Promise<void>
}

async function decompressed(
  source: Readable,
  transform: Transform | undefined,
  { signal, read }: Reading,
): Promise<void> {
  try {
    if (transform) await pipeline(source, transform, read, { signal })
    else await pipeline(source, read, { signal })
  } catch (error) {
    if (isDecompression(error)) throw new TarFault('its compression is damaged')
    throw error
  }
}

/** zlib's and zstd's own errors. */
function isDecompression(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false
  return /^(Z_|ZSTD_)/.test(error.code)
}
