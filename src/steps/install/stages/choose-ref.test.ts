import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseRef } from './choose-ref.ts'

const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [string, string, string]
const refs = {
  ids: new Map([
    ['HEAD', one],
    ['refs/heads/main', one],
    ['refs/heads/v1', two],
    ['refs/tags/v1', three],
  ]),
  peeled: new Map(),
  head: 'refs/heads/main',
}
const main = { id: one, fetch: '+refs/heads/main:refs/remotes/origin/main', branch: 'main' }

const cases: { it: string; ref: string | undefined; chosen: unknown }[] = [
  { it: 'the branch that HEAD is', ref: undefined, chosen: main },
  { it: 'a branch', ref: 'main', chosen: main },
  { it: 'a branch by its full name', ref: 'refs/heads/main', chosen: main },
  { it: 'a tag before a branch', ref: 'v1', chosen: { id: three, fetch: '+refs/tags/v1:refs/tags/v1' } },
  { it: 'a commit that has no name', ref: '4'.repeat(40), chosen: { id: '4'.repeat(40), fetch: '4'.repeat(40) } },
  { it: 'nothing for a name that is not there', ref: 'v2', chosen: undefined },
  { it: 'nothing for half of an id', ref: '4444444', chosen: undefined },
]

describe('chooseRef()', () => {
  for (const { it: name, ref, chosen } of cases)
    it(`gives ${name}`, () => assert.deepEqual(chooseRef(refs, ref), chosen))

  it('gives the commit of a HEAD that is no branch', () => {
    const detached = { ...refs, head: undefined }
    assert.deepEqual(chooseRef(detached, undefined), { id: one, fetch: 'HEAD' })
  })

  it('gives nothing of an empty repository', () => {
    assert.equal(chooseRef({ ids: new Map(), peeled: new Map(), head: 'refs/heads/main' }, undefined), undefined)
  })
})
