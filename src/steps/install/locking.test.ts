import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Artifact } from '../../model/lock.ts'
import { withoutRepetition } from './locking.ts'

describe('withoutRepetition()', () => {
  const deb: Artifact = {
    ...{ kind: 'deb', name: 'shop', version: '1', url: 'http://deb.example.org/pool/main/shop_1_all.deb' },
    ...{ sha256: 'a'.repeat(64), size: 1 },
  }
  it('keeps every name by which two steps know the same', () => {
    const [one, other] = [
      { ...deb, tags: ['young/main'] },
      { ...deb, tags: ['old/main'] },
    ]
    assert.deepEqual(withoutRepetition([one, other]), [{ ...deb, tags: ['old/main', 'young/main'] }])
    assert.deepEqual(withoutRepetition([one, deb]), [one])
  })
  it('takes the last when the content is another', () => {
    const other = { ...deb, sha256: 'b'.repeat(64), tags: ['old/main'] }
    assert.deepEqual(withoutRepetition([{ ...deb, tags: ['young/main'] }, other]), [other])
  })
  it('keeps what serves two parts twice', () => {
    assert.equal(withoutRepetition([deb, { ...deb, part: 'base' }]).length, 2)
  })
})
