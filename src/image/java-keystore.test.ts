import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { withFixedTimes } from './java-keystore.ts'

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(value.length)
  return Buffer.concat([length, Buffer.from(value)])
}

function keystore(times: readonly bigint[], { kind = 2, password = 'changeit' } = {}): Buffer {
  const entries = times.map((time, index) => {
    const moment = Buffer.alloc(8)
    moment.writeBigUInt64BE(time)
    const certificate = Buffer.alloc(100 + index, index)
    return [word(kind), text(`debian:ca-${index}.pem`), moment, text('X.509'), word(certificate.length), certificate]
  })
  const content = Buffer.concat([word(0xfeedfeed), word(2), word(times.length), ...entries.flat()])
  const salt = Buffer.concat([Buffer.from(password, 'utf16le').swap16(), Buffer.from('Mighty Aphrodite')])
  return Buffer.concat([content, createHash('sha1').update(salt).update(content).digest()])
}

describe('withFixedTimes()', () => {
  it('comes to the same bytes whenever the certificates were put in, and to a store that is whole', () => {
    const wanted = keystore([1_000_000_000_000n, 1_000_000_000_000n])
    assert.deepEqual(withFixedTimes(keystore([1_795_000_000_001n, 1_795_000_000_999n]), 1_000_000_000), wanted)
    assert.deepEqual(withFixedTimes(wanted, 1_000_000_000), wanted)
  })

  it('keeps an empty store', () => assert.deepEqual(withFixedTimes(keystore([]), 1), keystore([])))

  const left: { it: string; store: Buffer }[] = [
    { it: 'nothing', store: Buffer.alloc(0) },
    { it: 'something else', store: Buffer.from('-----BEGIN CERTIFICATE-----'.repeat(10)) },
    { it: 'a store with a key', store: keystore([1n], { kind: 1 }) },
    { it: 'a store with another password', store: keystore([1n], { password: 'secret' }) },
    { it: 'a store that is cut off', store: keystore([1n, 2n]).subarray(0, -30) },
    { it: 'a store that says to have more than it has', store: resealed(keystore([1n])) },
  ]
  for (const { it: name, store } of left) {
    it(`leaves ${name} as it is`, () => assert.equal(withFixedTimes(store, 1), undefined))
  }
})

/** Says that it has two entries, and is sealed again. */
function resealed(store: Buffer): Buffer {
  const content = Buffer.from(store.subarray(0, -20))
  content.writeUInt32BE(2, 8)
  const salt = Buffer.concat([Buffer.from('changeit', 'utf16le').swap16(), Buffer.from('Mighty Aphrodite')])
  return Buffer.concat([content, createHash('sha1').update(salt).update(content).digest()])
}
