import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { readChunks } from '../../host/hashing-file.ts'
import { canonicalJson, encodeHeader, endOfArchive, paddingFor } from '../../image/index.ts'
import { headerHashName, headerName, memberPath, type BundleHeader } from '../../model/bundle.ts'
import type { Digest } from '../../model/names.ts'

/** A bundle, ready to be read. */
export interface Bundle {
  readonly header: BundleHeader
  /** Bytes of the whole. */
  readonly size: number
  read(): Readable
}

/** The bytes that come before the content of a member. */
export function entryHeader(path: string, size: number): Buffer {
  return encodeHeader({ path, size, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 })
}

/** All that comes before the blobs: the header, and its hash. */
export function encodeStart(header: BundleHeader): Buffer {
  const text = Buffer.from(`${canonicalJson(header)}\n`)
  const hash = Buffer.from(`${createHash('sha256').update(text).digest('hex')}\n`)
  return Buffer.concat([smallEntry(headerName, text), smallEntry(headerHashName, hash)])
}

function smallEntry(path: string, content: Buffer): Buffer {
  return Buffer.concat([entryHeader(path, content.length), content, paddingFor(content.length)])
}

/** @param pathOf Where a blob is */
export function encodeBundle(header: BundleHeader, pathOf: (digest: Digest) => string): Bundle {
  const start = encodeStart(header)
  const sizes = header.members.map(
    ({ digest, size }) => entryHeader(memberPath(digest), size).length + size + paddingFor(size).length,
  )
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield start
    for (const { digest, size } of header.members) {
      yield entryHeader(memberPath(digest), size)
      // Who reads may keep a chunk for longer than it is valid.
      for await (const chunk of readChunks(pathOf(digest))) yield Buffer.from(chunk)
      const padding = paddingFor(size)
      if (padding.length > 0) yield padding
    }
    yield endOfArchive
  }
  const size = sizes.reduce((sum, each) => sum + each, start.length + endOfArchive.length)
  return { header, size, read: () => Readable.from(bytes(), { objectMode: false, highWaterMark: 256 * 1024 }) }
}
