import { createHash } from 'node:crypto'

/**
 * Java's keystores hold the moment at which each certificate was put in. The format is Sun's own and has no
 * specification; it is what sun.security.provider.JavaKeyStore reads and writes.
 */

const magic = 0xfeedfeed
/** What everybody uses for stores that hold no secrets, Debian as well. */
const password = 'changeit'
const digestBytes = 20

/**
 * Gives every entry of a keystore the same time.
 * @param seconds Since 1970.
 * @returns undefined for what is no keystore, holds keys, or has another password: that is left as it is.
 */
export function withFixedTimes(keystore: Buffer, seconds: number): Buffer | undefined {
  const content = keystore.subarray(0, -digestBytes)
  if (keystore.length < 12 + digestBytes || keystore.readUInt32BE(0) !== magic || keystore.readUInt32BE(4) !== 2) return
  if (!digestOf(content).equals(keystore.subarray(-digestBytes))) return
  const fixed = Buffer.from(content)
  try {
    let at = 12
    for (let left = keystore.readUInt32BE(8); left > 0; left -= 1) at = fixEntry(fixed, at, seconds)
    return at === fixed.length ? Buffer.concat([fixed, digestOf(fixed)]) : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined // it ends in the middle of an entry
    throw error
  }
}

const certificateEntry = 2

/** @returns where the next entry begins. @throws RangeError */
function fixEntry(store: Buffer, start: number, seconds: number): number {
  if (store.readUInt32BE(start) !== certificateEntry) throw new RangeError('an entry of another kind')
  const time = start + 6 + store.readUInt16BE(start + 4)
  store.writeBigUInt64BE(BigInt(seconds) * 1000n, time)
  const certificate = time + 10 + store.readUInt16BE(time + 8)
  return certificate + 4 + store.readUInt32BE(certificate)
}

/** The password in UTF-16, a phrase of its authors, and the content. */
function digestOf(content: Buffer): Buffer {
  const salt = Buffer.concat([Buffer.from(password, 'utf16le').swap16(), Buffer.from('Mighty Aphrodite')])
  return createHash('sha1').update(salt).update(content).digest()
}
