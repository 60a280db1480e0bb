import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { compareVersions } from './compare.ts'
import { compareDebian, epochOf } from './debian.ts'

/** Ascending; those on one line are equal. */
const debian = [
  ['1.0~~'],
  ['1.0~~a'],
  ['1.0~'],
  ['1.0', '0:1.0', '1.0-0', '1.00', '01.0'],
  ['1.0-0+b1'],
  ['1.0-1~deb12u1'],
  ['1.0-1'],
  ['1.0-1a'],
  ['1.0-1+deb12u1'],
  ['1.0-1.1'],
  ['1.0a'],
  ['1.0+dfsg-1'],
  ['1.0+dfsg2-1'],
  ['1.0.1'],
  ['1.2-2-1'],
  ['1.2-10-1'],
  ['1.9'],
  ['1.10'],
  ['20240203'],
  ['99999999999999999998'],
  ['99999999999999999999'],
  ['1:0'],
  ['1:0.1'],
  ['2:0~'],
]

function sign(number: number): number {
  return Math.sign(number)
}

describe('compareDebian()', () => {
  const flat = debian.flatMap((versions, rank) => versions.map((version) => ({ version, rank })))

  it('orders as dpkg does, each against each', (test) => {
    const judge = (one: string, relation: string, other: string) => {
      try {
        execFileSync('dpkg', ['--compare-versions', one, relation, other], { stdio: 'ignore' })
        return true
      } catch {
        return false
      }
    }
    for (const [index, one] of flat.entries()) {
      for (const other of flat.slice(index)) {
        const order = sign(compareDebian(one.version, other.version))
        assert.equal(order, sign(one.rank - other.rank), `${one.version} and ${other.version}`)
        assert.equal(sign(compareDebian(other.version, one.version)), -order || 0)
      }
    }
    // dpkg itself judges the table: neighbours are enough, as it is an order.
    for (const [index, one] of flat.slice(1).entries()) {
      const before = flat[index]
      assert.ok(before)
      const relation = before.rank === one.rank ? 'eq' : 'lt'
      assert.ok(judge(before.version, relation, one.version), `dpkg: ${before.version} ${relation} ${one.version}`)
    }
    test.diagnostic(`${flat.length} versions`)
  })

  it('knows epochs', () => {
    assert.deepEqual(['1:2.3', '2.3', '0:1'].map(epochOf), [1, 0, 0])
  })
})

describe('compareVersions()', () => {
  const ascending = {
    pypi: ['no version', '1.0.dev1', '1.0a1', '1.0rc1', '1.0', '1.0.post1', '1.0.1', '1.10', '1!0.1'],
    npm: ['latest', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-rc.1', '1.0.0', '1.2.0', '1.10.0'],
    go: ['v0.0.0-20200101000000-abcdefabcdef', 'v0.1.0', 'v1.0.0-rc.1', 'v1.0.0', 'v2.0.0+incompatible', 'v10.0.0'],
    deb: ['1.0~rc1', '1.0', '1.0-1'],
    http: ['a', 'b'],
    git: ['0', '1'],
    image: ['0', '1'],
  } as const
  for (const [kind, versions] of Object.entries(ascending) as [keyof typeof ascending, readonly string[]][]) {
    it(`orders versions of ${kind}`, () => {
      for (const [index, one] of versions.entries()) {
        for (const [at, other] of versions.entries()) {
          assert.equal(sign(compareVersions(kind, one, other)), sign(index - at), `${one} and ${other}`)
        }
      }
    })
  }
})
