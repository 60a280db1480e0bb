import {
  parseLongName,
  parseRecords,
  readHeader,
  sizeOf,
  TarFault,
  typeFlagOf,
  type TarHeader,
} from './foreign-header.ts'

/** Reads a tar archive of somebody else as a stream: nothing is held but one header and what is about it. */

/** Hands on the content of the entry at hand, once; what is not asked for is skipped. */
export type ReadContent = (use: (chunk: Buffer) => Promise<void>) => Promise<void>

export type TakeEntry = (header: TarHeader, content: ReadContent) => Promise<void>

/** Bytes; a path has at most 4096, an attribute 65536. */
const largestExtension = 1024 ** 2
const blockSize = 512

/**
 * Hands on each entry of an archive, in their order, and reads to the end of the stream.
 * @throws TarFault
 */
export async function readForeignTar(chunks: AsyncIterable<Buffer>, take: TakeEntry): Promise<void> {
  const cursor = new Cursor(chunks[Symbol.asyncIterator]())
  let records = new Map<string, Buffer>()
  for (;;) {
    const header = await cursor.takeOrEnd(blockSize)
    if (!header || header.every((byte) => byte === 0)) break
    const flag = typeFlagOf(header)
    const extension = extensions[flag]
    if (extension) {
      const body = await readExtension(cursor, sizeOf(header))
      records = new Map([...records, ...extension(body)])
      continue
    }
    await readEntry(cursor, readHeader(header, records), take)
    records = new Map()
  }
  await cursor.drain()
}

type Extension = (body: Buffer) => Iterable<[string, Buffer]>

const extensions: Readonly<Record<string, Extension>> = {
  x: parseRecords,
  // What is said of all entries, such as a commit: no path may come from there.
  g: () => [],
  L: (body) => [['path', parseLongName(body)]],
  K: (body) => [['linkpath', parseLongName(body)]],
}

async function readExtension(cursor: Cursor, size: number): Promise<Buffer> {
  if (size > largestExtension) throw new TarFault(`an extended header has ${size} bytes`)
  const parts: Buffer[] = []
  await cursor.pass(size, (chunk) => {
    parts.push(Buffer.from(chunk))
    return Promise.resolve()
  })
  await cursor.skip(paddingOf(size))
  return Buffer.concat(parts)
}

async function readEntry(cursor: Cursor, header: TarHeader, take: TakeEntry): Promise<void> {
  let left = header.size
  await take(header, async (use) => {
    const whole = left
    left = 0
    await cursor.pass(whole, use)
  })
  await cursor.skip(left + paddingOf(header.size))
}

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}

class Cursor {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks
  }

  /** The next bytes; undefined when the stream has ended before them. */
  async takeOrEnd(length: number): Promise<Buffer | undefined> {
    if (this.#rest.length === 0 && !(await this.#next())) return undefined
    const taken = Buffer.alloc(length)
    let at = 0
    await this.pass(length, (chunk) => {
      at += chunk.copy(taken, at)
      return Promise.resolve()
    })
    return taken
  }

  async pass(length: number, use: (chunk: Buffer) => Promise<void>): Promise<void> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#next())) throw new TarFault('it is cut off')
      const chunk = this.#rest.subarray(0, left)
      await use(chunk)
      this.#rest = this.#rest.subarray(chunk.length)
      left -= chunk.length
    }
  }

  async skip(length: number): Promise<void> {
    await this.pass(length, () => Promise.resolve())
  }

  async drain(): Promise<void> {
    while (await this.#next());
  }

  /** The next bytes that there are. */
  async #next(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next()
      if (next.done === true) return false
      this.#rest = next.value
      if (this.#rest.length > 0) return true
    }
  }
}
