import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Exit } from '../model/sandbox.ts'
import { Endings } from './endings.ts'

const exit: Exit = { kind: 'code', code: 5, outOfMemory: false }

describe('Endings', () => {
  it('tells the supervisor of what nobody waits for', () => {
    const { endings, unclaimed } = make()
    endings.report('shop-1', exit)
    assert.deepEqual(unclaimed, ['shop-1'])
  })

  it('tells who waits, and for the time being nobody else', async () => {
    const { endings, unclaimed } = make()
    const ended = endings.of('shop-1')
    assert.equal(endings.known('shop-1'), undefined)
    endings.report('shop-1', exit)
    assert.deepEqual(await ended, exit)
    assert.deepEqual(endings.known('shop-1'), exit)
    assert.deepEqual(unclaimed, [])
  })

  it('loses no end that came while somebody waited: it is the supervisor who hears of it in the end', () => {
    const { endings, unclaimed } = make()
    void endings.of('shop-1')
    endings.report('shop-1', exit)
    endings.forget('shop-1')
    assert.deepEqual(unclaimed, ['shop-1'])
  })

  function make(): { endings: Endings; unclaimed: string[] } {
    const unclaimed: string[] = []
    return { endings: new Endings((id) => void unclaimed.push(id)), unclaimed }
  }
})
