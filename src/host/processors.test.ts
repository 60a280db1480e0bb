import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allowedProcessors, countOf, firstOf, numbersOf } from './processors.ts'

describe('countOf() and firstOf()', () => {
  const cases: [string, number, string][] = [
    ['0', 1, '0'],
    ['0-3', 4, '0'],
    ['2,4-5,7', 4, '2'],
  ]
  for (const [text, count, first] of cases) {
    it(`read ${text}`, () => assert.deepEqual([countOf(text), firstOf(text)], [count, first]))
  }
})

describe('numbersOf()', () => {
  it('names each of a list, and none of an empty one', () => {
    assert.deepEqual(numbersOf('2,4-5,7'), [2, 4, 5, 7])
    assert.deepEqual(numbersOf(''), [])
  })
})

describe('allowedProcessors()', () => {
  it('names at least one', async () => {
    assert.ok(countOf((await allowedProcessors()).allowed) >= 1)
  })
})
