import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadOrder, moduleName, parseDepends } from './kernel-modules.ts'

describe('loadOrder()', () => {
  const needs = new Map([
    ['virtio_net', ['net_failover', 'virtio']],
    ['net_failover', ['failover']],
    ['failover', []],
    ['virtio', []],
    ['blk', ['virtio']],
  ])
  const order = (...wanted: string[]) => loadOrder(wanted, (name) => needs.get(name))

  it('has each module once, after those that it needs', () => {
    assert.deepEqual(order('virtio_net', 'blk'), ['failover', 'net_failover', 'virtio', 'virtio_net', 'blk'])
  })

  it('leaves out what the kernel has built in', () => {
    assert.deepEqual(order('ext4', 'virtio'), ['virtio'])
    assert.deepEqual(order(), [])
  })
})

describe('parseDepends()', () => {
  const cases = [
    {
      it: 'reads several',
      text: 'license=GPL\0depends=libcrc32c,virtio-ring\0name=x\0',
      found: ['libcrc32c', 'virtio_ring'],
    },
    { it: 'reads none', text: 'license=GPL\0depends=\0name=x\0', found: [] },
    { it: 'takes no other word for it', text: 'softdepends=a\0', found: [] },
    { it: 'reads an empty module', text: '', found: [] },
  ]
  for (const { it: name, text, found } of cases)
    it(name, () => assert.deepEqual(parseDepends(Buffer.from(`\x7fELF\0${text}`)), found))
})

describe('moduleName()', () => {
  it('is the same for both ways to write it', () => assert.equal(moduleName('virtio-rng'), 'virtio_rng'))
})
