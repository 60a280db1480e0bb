import { createHash } from 'node:crypto'

/**
 * The index of a working tree of git has for each file what lstat(2) said of it, inode and times among it (gitformat-index),
 * so that git need not read those that have not changed. What differs at every checkout is set to zero, which means to git
 * that it has to look; content, names and modes stay.
 */

/** Version, number of entries. */
const headerBytes = 12
/** Up to the name of an entry's object; of these 40 bytes, mode and size stay. */
const factBytes = 40
const modeAt = 24
const sizeAt = 36
/** Mode of an entry that stands for a submodule: a directory, whose size is the file system's own. */
const submodule = 0o160000

/** An index without what lstat(2) said; undefined for one that is not understood. */
export function withoutFileFacts(index: Buffer): Buffer | undefined {
  const hash = hashOf(index)
  if (!hash || index.toString('latin1', 0, 4) !== 'DIRC') return undefined
  const changed = Buffer.from(index)
  const version = index.readUInt32BE(4)
  if (version < 2 || version > 4) return undefined
  let at = headerBytes
  for (let left = index.readUInt32BE(8); left > 0; left -= 1) {
    const end = endOfEntry(index, at, { version, nameBytes: hash.bytes })
    if (end === undefined || end > index.length - hash.bytes) return undefined
    changed.fill(0, at, at + modeAt)
    const isSubmodule = index.readUInt32BE(at + modeAt) === submodule
    changed.fill(0, at + modeAt + 4, isSubmodule ? at + factBytes : at + sizeAt)
    at = end
  }
  const content = changed.subarray(0, -hash.bytes)
  hash.sum(content).copy(changed, content.length)
  return changed
}

interface Hash {
  readonly bytes: number
  readonly sum: (content: Buffer) => Buffer
}

/** The last bytes are the hash of all others; repositories have SHA-1 or SHA-256. */
function hashOf(index: Buffer): Hash | undefined {
  const known = [
    { name: 'sha1', bytes: 20 },
    { name: 'sha256', bytes: 32 },
  ]
  const hashes = known.map(({ name, bytes }) => ({
    bytes,
    sum: (content: Buffer) => createHash(name).update(content).digest(),
  }))
  return hashes.find(({ bytes, sum }) => {
    return index.length > headerBytes + bytes && sum(index.subarray(0, -bytes)).equals(index.subarray(-bytes))
  })
}

const extended = 0x4000

function endOfEntry(
  index: Buffer,
  start: number,
  { version, nameBytes }: { version: number; nameBytes: number },
): number | undefined {
  const flagsAt = start + factBytes + nameBytes
  if (flagsAt + 2 > index.length) return undefined
  const hasMoreFlags = version > 2 && (index.readUInt16BE(flagsAt) & extended) !== 0
  const pathAt = flagsAt + (hasMoreFlags ? 4 : 2)
  const terminator = index.indexOf(0, version === 4 ? afterVariable(index, pathAt) : pathAt)
  if (terminator < 0) return undefined
  // Version 4 has no padding; the others have one to eight zeros, so that entries take a multiple of eight bytes.
  return version === 4 ? terminator + 1 : start + Math.ceil((terminator + 1 - start) / 8) * 8
}

/** A number of several bytes, of which all but the last have the highest bit set. */
function afterVariable(index: Buffer, start: number): number {
  let at = start
  while (at < index.length && ((index[at] ?? 0) & 0x80) !== 0) at += 1
  return at + 1
}
