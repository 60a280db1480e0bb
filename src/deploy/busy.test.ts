import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Busy } from './busy.ts'

describe('Busy', () => {
  it('lets one thing at a time change an application', () => {
    const busy = new Busy()
    {
      using deploy = busy.begin('shop', 'deploy')
      assert.ok(deploy)
      assert.throws(() => busy.begin('shop', 'stop'), { message: /a deploy is under way/ })
    }
    busy.begin('shop', 'stop')
  })

  it('refuses to sweep a store that somebody holds', async () => {
    const busy = new Busy()
    {
      using held = await busy.holdStore()
      assert.ok(held)
      await assert.rejects(
        busy.sweepStore(() => Promise.resolve()),
        { message: /under way/ },
      )
    }
    assert.equal(await busy.sweepStore(() => Promise.resolve('swept')), 'swept')
  })

  it('makes who wants to use the store wait for a sweep, also for one that fails', async () => {
    const busy = new Busy()
    const order: string[] = []
    const sweep = busy.sweepStore(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      order.push('swept')
      throw new Error('disk')
    })
    const used = busy.holdStore().then(() => order.push('used'))
    await assert.rejects(sweep, /disk/)
    await used
    assert.deepEqual(order, ['swept', 'used'])
  })

  it('tidies a store that nobody uses, while both others and a sweep wait, and no other', async () => {
    const busy = new Busy()
    const order: string[] = []
    {
      using held = await busy.holdStore()
      assert.ok(held)
      assert.equal(await busy.tidyStore(() => assert.fail('tidied')), false)
    }
    const tidying = busy.tidyStore(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      order.push('tidied')
    })
    assert.equal(await busy.tidyStore(() => assert.fail('tidied')), false)
    const swept = busy.sweepStore(() => Promise.resolve(order.push('swept')))
    await busy.holdStore().then(() => order.push('used'))
    assert.deepEqual([await tidying, await swept, order], [true, 2, ['tidied', 'swept', 'used']])
  })
})
