import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sharedLookUp } from './look-ups.ts'
import type { Lookup } from './upstream.ts'

const found: Lookup = { kind: 'found', addresses: ['1.2.3.4'], ttl: 60 }

describe('sharedLookUp()', () => {
  it('asks once for all who want the same name, and not again while the answer may be kept', async () => {
    const asked: string[] = []
    const lookUp = sharedLookUp((name) => {
      asked.push(name)
      return Promise.resolve(found)
    })
    await Promise.all([lookUp('a.org', '10.0.0.1'), lookUp('a.org', '10.0.0.3')])
    assert.deepEqual(await lookUp('a.org', '10.0.0.5'), found)
    assert.deepEqual(asked, ['a.org'])
  })

  it('asks again after a failure', async () => {
    const answers: Lookup[] = [{ kind: 'failed' }, found]
    const lookUp = sharedLookUp(() => Promise.resolve(answers.shift() ?? found))
    assert.equal((await lookUp('a.org', '10.0.0.1')).kind, 'failed')
    assert.equal((await lookUp('a.org', '10.0.0.1')).kind, 'found')
    const broken = sharedLookUp(() => Promise.reject(new Error('no network')))
    assert.equal((await broken('a.org', '10.0.0.1')).kind, 'failed')
  })

  it('lets nobody keep the others waiting', async () => {
    const { promise, resolve } = Promise.withResolvers<Lookup>()
    const lookUp = sharedLookUp((name) => (name === 'quick.org' ? Promise.resolve(found) : promise))
    const greedy = Array.from({ length: 200 }, (_, index) => lookUp(`slow-${index}.org`, '10.0.0.1'))
    assert.equal((await lookUp('another.org', '10.0.0.1')).kind, 'failed')
    assert.equal((await lookUp('quick.org', '10.0.0.3')).kind, 'found')
    resolve(found)
    const kinds = (await Promise.all(greedy)).map(({ kind }) => kind)
    assert.equal(kinds.filter((kind) => kind === 'found').length, 32)
    assert.equal((await lookUp('another.org', '10.0.0.1')).kind, 'found')
  })
})
