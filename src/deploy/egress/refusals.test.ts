import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeRefusal } from '../../model/refusal.ts'
import { bitsText } from './links.ts'
import { Refusals, type FoundRefusal } from './refusals.ts'

const now = new Date('2026-01-02T03:04:05Z')
const found = (seen: number, what = '10.0.0.5:22', from = '10.192.16.3'): FoundRefusal => ({
  from,
  what,
  kind: 'address',
  allow: `egress = ["${what}"]`,
  seen,
})

describe('Refusals', () => {
  it('tells of each once, and goes on counting when the kernel begins anew', () => {
    const refusals = new Refusals()
    assert.equal(refusals.note('shop', found(3), now)?.count, 3)
    assert.equal(refusals.note('shop', found(3), now), undefined)
    assert.equal(refusals.note('shop', found(5), now), undefined)
    assert.equal(refusals.note('shop', found(1), now), undefined)
    assert.deepEqual(refusals.of('shop'), [
      {
        what: '10.0.0.5:22',
        kind: 'address',
        allow: 'egress = ["10.0.0.5:22"]',
        count: 6,
        lastAt: '2026-01-02T03:04:05.000Z',
      },
    ])
    assert.deepEqual(refusals.of('blog'), [])
  })

  it('counts what each of its sandboxes tried, and nothing twice', () => {
    const refusals = new Refusals()
    for (const from of ['10.192.16.3', '10.192.16.5', '10.192.16.3', '10.192.16.5'])
      refusals.note('shop', found(from === '10.192.16.3' ? 2 : 1, undefined, from), now)
    assert.equal(refusals.of('shop')[0]?.count, 3)
  })

  it('remembers for a while who had an address, as long as that application is there', () => {
    const refusals = new Refusals()
    for (let index = 1; index <= 100; index += 1) refusals.rememberAddress(`10.192.16.${index}`, 'shop')
    refusals.rememberAddress('10.192.17.1', 'blog')
    assert.equal(refusals.lateAddresses().size, 64)
    assert.equal(refusals.lateAddresses().get('10.192.16.100'), 'shop')
    refusals.forget('shop')
    assert.deepEqual([...refusals.lateAddresses()], [['10.192.17.1', 'blog']])
  })

  it('lets no application fill the log', () => {
    const refusals = new Refusals()
    const lines = Array.from({ length: 500 }, (_, index) => {
      const noted = refusals.note('shop', found(1, `10.0.0.5:${index}`), now)
      return noted && refusals.logLine('shop', noted, now)
    }).filter((line) => line !== undefined)
    assert.equal(lines.length, 60)
    assert.match(lines.at(-1) ?? '', /berth status shop/)
    const later = new Date(now.getTime() + 3_600_000)
    const noted = refusals.note('shop', found(1, 'again.org'), later)
    assert.match((noted && refusals.logLine('shop', noted, later)) ?? '', /again\.org/)
  })

  it('keeps the latest only, and nothing of an application that is gone', () => {
    const refusals = new Refusals()
    for (let index = 0; index < 500; index += 1) refusals.note('shop', found(1, `10.0.0.5:${index}`), now)
    assert.equal(refusals.of('shop').length, 50)
    assert.equal(refusals.of('shop').at(-1)?.what, '10.0.0.5:499')
    refusals.forget('shop')
    assert.deepEqual(refusals.of('shop'), [])
  })
})

describe('describeRefusal()', () => {
  const base = { count: 1, lastAt: '' }
  const cases = [
    [
      { ...base, what: '10.0.0.5:22', kind: 'address', allow: 'egress = ["10.0.0.5:22"]' },
      'taslug tried 10.0.0.5:22, refused; to allow it add egress = ["10.0.0.5:22"] to [isolation]',
    ],
    [
      { ...base, what: 'api.stripe.com', kind: 'name', allow: 'egress = ["api.stripe.com:443"]' },
      'taslug asked for api.stripe.com; to allow it add egress = ["api.stripe.com:443"] to [isolation]',
    ],
    [
      { ...base, what: '169.254.169.254:80', kind: 'address', why: 'nothing allows it: link-local' },
      'taslug tried 169.254.169.254:80, refused; nothing allows it: link-local',
    ],
  ] as const
  for (const [refusal, text] of cases) it(`says: ${text}`, () => assert.equal(describeRefusal('taslug', refusal), text))
})

describe('bitsText()', () => {
  for (const [bits, text] of [
    [1e9, '1 Gbit/s'],
    [2.5e9, '2.5 Gbit/s'],
    [1e7, '10 Mbit/s'],
    [1e5, '100 kbit/s'],
  ] as const)
    it(`writes ${text}`, () => assert.equal(bitsText(bits), text))
})
