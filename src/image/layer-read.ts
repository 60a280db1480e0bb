import { createHash } from 'node:crypto'
import { readChunks } from '../host/hashing-file.ts'
import type { Digest } from '../model/names.ts'
import { headBytes, keepsHead, type LayerEntries, type LayerEntry } from './layer-entry.ts'

/** Reads the archives that tar.ts writes, and those only, strictly: what they say is held against what is there. */

export interface ReadLayer {
  /** Of the archive's bytes. */
  readonly digest: Digest
  /** Undefined when it is no whole archive, which a wrong digest says, too. */
  readonly entries: LayerEntries | undefined
}

const blockSize = 512
const types: Readonly<Record<string, LayerEntry['type']>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

class Malformed extends Error {}

/** Reads an archive once, for its digest and its entries. */
export async function readLayer(path: string): Promise<ReadLayer> {
  const cursor = new Cursor(readChunks(path))
  let entries: LayerEntries | undefined
  try {
    entries = await readEntries(cursor)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
  }
  return { digest: `sha256:${await cursor.finish()}`, entries }
}

async function readEntries(cursor: Cursor): Promise<LayerEntries> {
  const entries = new Map<string, LayerEntry>()
  let records = new Map<string, Buffer>()
  for (;;) {
    const header = await cursor.take(blockSize)
    if (header.every((byte) => byte === 0)) return entries
    checkSum(header)
    const size = sizeFrom(header, records)
    if (text(header, 156, 1) === 'x') {
      records = paxRecords(await cursor.take(size))
      await cursor.skipPadding(size)
      continue
    }
    const entry = await readEntry(cursor, header, { records, size })
    if (entries.has(entry.path)) throw new Malformed(`${entry.path} is there twice`)
    entries.set(entry.path, entry)
    records = new Map()
  }
}

interface Extra {
  readonly records: ReadonlyMap<string, Buffer>
  readonly size: number
}

async function readEntry(cursor: Cursor, header: Buffer, { records, size }: Extra): Promise<LayerEntry> {
  const type = types[text(header, 156, 1)]
  if (!type) throw new Malformed('unknown type of entry')
  const path = (records.get('path')?.toString() ?? text(header, 0, 100)).replace(/\/$/, '')
  const linkTarget = records.get('linkpath')?.toString() ?? text(header, 157, 100)
  const common = {
    ...{ path, type, size },
    mode: octal(header, 100, 8),
    uid: octal(header, 108, 8),
    gid: octal(header, 116, 8),
    mtime: octal(header, 136, 12),
    ...(linkTarget === '' ? {} : { linkTarget }),
    attributes: [...records].flatMap(attributeLine).sort().join('\n'),
  }
  if (type !== 'file') return common
  const hash = createHash('sha256')
  let head: Buffer = Buffer.alloc(0)
  await cursor.pass(size, (chunk) => {
    hash.update(chunk)
    if (head.length < headBytes && keepsHead(path)) head = Buffer.concat([head, chunk]).subarray(0, headBytes)
  })
  await cursor.skipPadding(size)
  return { ...common, sha256: hash.digest('hex'), ...(keepsHead(path) ? { head } : {}) }
}

const attributePrefix = 'SCHILY.xattr.'

function attributeLine([key, value]: [string, Buffer]): string[] {
  return key.startsWith(attributePrefix) ? [`${key.slice(attributePrefix.length)}=${value.toString('hex')}`] : []
}

function sizeFrom(header: Buffer, records: ReadonlyMap<string, Buffer>): number {
  const large = records.get('size')
  return large === undefined ? octal(header, 124, 12) : Number(large.toString())
}

/** `LENGTH KEY=VALUE\n` (pax, "pax Header Block"). */
function paxRecords(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(' ', at)
    const length = Number(body.toString('latin1', at, space))
    const equals = body.indexOf('=', space)
    if (space < 0 || equals < 0 || !(length > 0) || at + length > body.length) throw new Malformed('a broken record')
    records.set(body.toString('utf8', space + 1, equals), Buffer.from(body.subarray(equals + 1, at + length - 1)))
    at += length
  }
  return records
}

function checkSum(header: Buffer): void {
  const blank = Buffer.from(header)
  blank.fill(' ', 148, 156)
  if (blank.reduce((sum, byte) => sum + byte, 0) !== octal(header, 148, 8)) throw new Malformed('a broken header')
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end)
}

function octal(header: Buffer, offset: number, length: number): number {
  const value = parseInt(text(header, offset, length).trim(), 8)
  if (Number.isNaN(value)) throw new Malformed('a broken number')
  return value
}

/** Goes through a stream of chunks, and hashes all of it. */
class Cursor {
  readonly #chunks: AsyncGenerator<Uint8Array>
  readonly #hash = createHash('sha256')
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncGenerator<Uint8Array>) {
    this.#chunks = chunks
  }

  /** A copy of the next bytes. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    await this.pass(length, (chunk) => parts.push(Buffer.from(chunk)))
    return Buffer.concat(parts)
  }

  /** Hands the next bytes on; a chunk is only valid during the call. */
  async pass(length: number, use: (chunk: Buffer) => void): Promise<void> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#next())) throw new Malformed('it is cut off')
      const chunk = this.#rest.subarray(0, left)
      use(chunk)
      this.#rest = this.#rest.subarray(chunk.length)
      left -= chunk.length
    }
  }

  async skipPadding(size: number): Promise<void> {
    await this.pass((blockSize - (size % blockSize)) % blockSize, () => undefined)
  }

  /** Reads what is left. @returns the SHA-256 of everything, in hexadecimal */
  async finish(): Promise<string> {
    while (await this.#next());
    return this.#hash.digest('hex')
  }

  async #next(): Promise<boolean> {
    const next = await this.#chunks.next()
    if (next.done === true) return false
    this.#hash.update(next.value)
    this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length)
    return true
  }
}
