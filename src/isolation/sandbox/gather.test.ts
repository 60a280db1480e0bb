import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gather, type Gathering } from './gather.ts'

const all = [0, 1, 2, 3]
const start: Gathering = { seconds: 10, at: 100, calm: 0, processors: undefined }

/** One second later, in which it took so much of a quota of one processor. */
function after(taken: number, before = start, { quota = 1, others = [] as number[], processors = all } = {}) {
  const now = { seconds: before.seconds + taken, at: before.at + 1 }
  return gather(before, now, { quota, processors }, others)
}

describe('gather()', () => {
  it('leaves alone who does not use up its quota', () => {
    assert.equal(after(0.8).processors, undefined)
  })

  it('gathers who does on as many processors as make it up', () => {
    assert.deepEqual(after(0.95).processors, [3])
    assert.deepEqual(after(2.4, start, { quota: 2.5 }).processors, [3, 2, 1])
  })

  it('takes processors last that others have', () => {
    assert.deepEqual(after(1, start, { others: [3, 2, 3] }).processors, [1])
    assert.deepEqual(after(1, start, { processors: [0, 1], others: [0, 1] }).processors, [1])
  })

  it('lets go after ten calm looks in a row, and not before', () => {
    let now = after(1)
    for (let look = 0; look < 9; look += 1) now = after(0.1, now)
    assert.deepEqual(now.processors, [3])
    assert.equal(after(0.6, now).calm, 0)
    assert.equal(after(0.1, now).processors, undefined)
  })

  it('leaves alone who has no quota, or one that is all there is', () => {
    const now = { seconds: 14, at: 101 }
    assert.equal(gather(start, now, { quota: undefined, processors: all }, []).processors, undefined)
    assert.equal(after(4, start, { quota: 4 }).processors, undefined)
    assert.equal(after(1, start, { processors: [] }).processors, undefined)
  })
})
