import { sourceOf, timeOffset } from './byte-code.ts'
import type { LayerEntries, LayerEntry } from './layer-entry.ts'
import { sipHash } from './siphash.ts'

/** Byte-code that Python would not take, or that is not of the source beside it. */
export interface StaleByteCode {
  readonly path: string
  readonly reason: string
}

export interface ByteCodeReport {
  readonly files: number
  readonly stale: readonly StaleByteCode[]
}

/**
 * Holds every `.pyc` of an image against its source: by time and size, or by hash, as its header says (PEP 552; Python 2
 * and 3.2 know the time alone). One without a source is imported by nobody, or as it is.
 * @param entries The merged image.
 * @param readSource The content of a file of it.
 */
export async function checkByteCode(
  entries: LayerEntries,
  readSource: (path: string) => Promise<Buffer>,
): Promise<ByteCodeReport> {
  const stale: StaleByteCode[] = []
  let files = 0
  for (const { path, head, type } of entries.values()) {
    if (type !== 'file' || head === undefined) continue
    files += 1
    const source = entries.get(sourceOf(path))
    if (source?.type !== 'file') continue
    const reason = await faultOf(head, source, () => readSource(source.path))
    if (reason !== undefined) stale.push({ path, reason })
  }
  return { files, stale }
}

async function faultOf(
  head: Buffer,
  source: LayerEntry,
  readSource: () => Promise<Buffer>,
): Promise<string | undefined> {
  const offset = timeOffset(head)
  if (offset === undefined) return isHashed(head) ? hashFault(head, await readSource()) : 'its header is not one'
  const time = head.readUInt32LE(offset)
  if (time !== source.mtime) return `compiled from a source of ${instant(time)}, which is of ${instant(source.mtime)}`
  const size = sizeIn(head, offset)
  return size === undefined || size === source.size
    ? undefined
    : `compiled from a source of ${size} bytes, which has ${source.size}`
}

/** Python 2 writes no size; where the flags come first, so does the hash or time, and the size after it. */
function sizeIn(head: Buffer, offset: number): number | undefined {
  const isPython2 = offset === 4 && head.readUInt16LE(0) > 60_000
  return isPython2 ? undefined : head.readUInt32LE(offset + 4)
}

/** The lowest bit of the flags says that a hash follows. */
function isHashed(head: Buffer): boolean {
  return head.length >= 16 && head.readUInt16LE(2) === 0x0a0d && (head.readUInt32LE(4) & 1) === 1
}

/** The key is the magic number; the rounds are those of the Python that compiled, two before 3.11 and one since. */
function hashFault(head: Buffer, source: Buffer): string | undefined {
  const key = [head.readUInt32LE(0), 0, 0, 0] as const
  const isOurs = ([1, 2] as const).some((rounds) => sipHash(source, key, rounds).equals(head.subarray(8, 16)))
  return isOurs ? undefined : 'compiled from another source than the one beside it'
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
