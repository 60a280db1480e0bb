import { basename, dirname, join } from 'node:path'
import * as files from '../host/files.ts'
import type { TreeEntry } from '../host/tree.ts'

/**
 * Python's byte-code is valid for as long as the time of its source is the one in its header. Normalising times would
 * leave all of it stale, and each start of each process would compile it again.
 */

/** The last magic number without a field of flags is that of 3.6 (PEP 552; importlib/_bootstrap_external.py). */
const lastMagicWithoutFlags = 3379
const magicOfPython2 = [62_211, 62_218]
const headerBytes = 16

/** Where the header of a `.pyc` has its source's time; undefined when it goes by a hash, or is no byte-code. */
export function timeOffset(header: Buffer): number | undefined {
  if (header.length < headerBytes || header.readUInt16LE(2) !== 0x0a0d) return undefined
  const magic = header.readUInt16LE(0)
  if (magicOfPython2.includes(magic) || magic <= lastMagicWithoutFlags) return 4
  return header.readUInt32LE(4) === 0 ? 8 : undefined
}

/** The source of a `.pyc`: beside it (Python 2), or above its `__pycache__` (PEP 3147). */
export function sourceOf(path: string): string {
  const directory = dirname(path)
  if (basename(directory) !== '__pycache__') return path.slice(0, -1)
  return join(dirname(directory), `${basename(path).split('.')[0] ?? ''}.py`)
}

/**
 * Gives the byte-code of a tree the times that its sources are about to get.
 * @param timeOf The time that an entry will have, in whole seconds.
 */
export async function keepByteCodeValid(
  root: string,
  entries: readonly TreeEntry[],
  timeOf: (entry: TreeEntry) => number,
): Promise<void> {
  const sources = new Map(entries.filter(({ path }) => path.endsWith('.py')).map((entry) => [entry.path, entry]))
  for (const { path, stats } of entries) {
    if (!path.endsWith('.pyc') || !stats.isFile()) continue
    const source = sources.get(sourceOf(path))
    if (source) await correctTime(join(root, path), source, timeOf(source))
  }
}

async function correctTime(path: string, source: TreeEntry, wanted: number): Promise<void> {
  const header = await files.readStart(path, headerBytes)
  const offset = timeOffset(header)
  if (offset === undefined) return
  // What was stale before must not seem valid: its content is that of another source.
  const known = header.readUInt32LE(offset)
  if (known === wanted || known !== Math.floor(source.stats.mtimeMs / 1000)) return
  const time = Buffer.alloc(4)
  time.writeUInt32LE(wanted)
  const file = await files.openFile(path, 'r+')
  try {
    await file.write(time, 0, time.length, offset)
  } finally {
    await file.close()
  }
}

/**
 * Pythons whose byte-code depends on the seed of hashes, because the members of a frozenset are written in the order in
 * which it has them (bpo-37596, mended in 3.11), by their magic numbers.
 */
const seeded: readonly { readonly version: string; readonly first: number; readonly last: number }[] = [
  { version: '3.7', first: 3390, last: 3399 },
  { version: '3.8', first: 3400, last: 3419 },
  { version: '3.9', first: 3420, last: 3429 },
  { version: '3.10', first: 3430, last: 3449 },
]

/** The Python that has to compile a file again with a fixed seed; undefined where that changes nothing. */
export async function seededPython(path: string): Promise<string | undefined> {
  const header = await files.readStart(path, headerBytes)
  if (header.length < headerBytes || header.readUInt16LE(2) !== 0x0a0d) return undefined
  const magic = header.readUInt16LE(0)
  return seeded.find(({ first, last }) => magic >= first && magic <= last)?.version
}
