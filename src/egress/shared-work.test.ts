import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sharedWork } from './shared-work.ts'

describe('sharedWork()', () => {
  it('is done before whoever asked goes on, with what he changed', async () => {
    let value = 0
    let written = 0
    const write = sharedWork(() => {
      written = value
      return Promise.resolve()
    })
    for (const next of [1, 2, 3]) {
      value = next
      await write()
      assert.equal(written, next)
    }
  })

  it('is done once for all who ask while it is under way', async () => {
    let times = 0
    const waiting: (() => void)[] = []
    const write = sharedWork(() => {
      times += 1
      return new Promise<void>((resolve) => waiting.push(resolve))
    })
    const first = write()
    await Promise.resolve()
    const others = [write(), write(), write()]
    waiting.shift()?.()
    await first
    waiting.shift()?.()
    await Promise.all(others)
    assert.equal(times, 2)
  })

  it('goes on after a failure', async () => {
    let times = 0
    const write = sharedWork(() => {
      times += 1
      return times === 1 ? Promise.reject(new Error('no space')) : Promise.resolve()
    })
    await write()
    await write()
    assert.equal(times, 2)
  })
})
