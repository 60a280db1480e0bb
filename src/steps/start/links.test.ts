import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseBlock, linkAt, nameServerOf } from './links.ts'

describe('chooseBlock()', () => {
  const cases = [
    { it: 'begins at the seed', routes: [], seed: 1, expected: '10.192.16.0' },
    { it: 'skips a block that a route overlaps', routes: ['10.192.16.128/25'], seed: 1, expected: '10.192.32.0' },
    { it: 'skips a block inside a wide route', routes: ['10.192.0.0/16', 'default'], seed: 0, expected: '10.193.0.0' },
    { it: 'skips a block with a single routed address', routes: ['10.192.16.9'], seed: 1, expected: '10.192.32.0' },
    { it: 'wraps around at the end', routes: ['10.255.240.0/20'], seed: 1023, expected: '10.192.0.0' },
    { it: 'keeps the earlier block while it is free', routes: [], seed: 1, keep: '10.200.0.0', expected: '10.200.0.0' },
    {
      it: 'leaves an earlier block that is taken',
      routes: ['10.200.0.0/16'],
      seed: 1,
      keep: '10.200.0.0',
      expected: '10.192.16.0',
    },
  ]
  for (const { it: name, routes, seed, keep, expected } of cases) {
    it(name, () => assert.equal(chooseBlock(routes, seed, keep), expected))
  }

  it('says so when the whole area is routed elsewhere', () => {
    assert.throws(() => chooseBlock(['10.0.0.0/8'], 0), /10\.192\.0\.0\/10/)
  })
})

describe('nameServerOf()', () => {
  it('gives an address of the block that no sandbox gets', () => {
    assert.equal(nameServerOf('10.192.16.0'), '10.192.31.255')
    assert.equal(linkAt('10.192.16.0', 2046).sandboxAddress, '10.192.31.253')
  })
})

describe('linkAt()', () => {
  it('gives neighbouring pairs', () => {
    assert.deepEqual(linkAt('10.192.16.0', 0), { hostAddress: '10.192.16.0', sandboxAddress: '10.192.16.1' })
    assert.deepEqual(linkAt('10.192.16.0', 130), { hostAddress: '10.192.17.4', sandboxAddress: '10.192.17.5' })
  })

  it('refuses a pair beyond the block', () => {
    assert.throws(() => linkAt('10.192.16.0', 2047))
  })
})
