import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeLock } from './plan-lock.ts'

describe('describeLock()', () => {
  const follow = { kind: 'follow', file: 'app/berth.lock', packages: 12, changes: [] } as const
  it('says that a deploy would lock first', () => {
    assert.match(describeLock({ kind: 'none' }).join(), /no berth\.lock: would lock first/)
  })
  it('lists every package that differs from the release that serves', () => {
    const changes = [
      { kind: 'deb', name: 'libssl3', from: '3.0.15-1', to: '3.0.16-1' },
      { kind: 'pypi', name: 'click', to: '8.1' },
      { kind: 'pypi', name: 'six', from: '1.16' },
    ]
    assert.deepEqual(describeLock({ ...follow, changes, against: 'v3' }), [
      'follow app/berth.lock (12 packages and files)',
      '3 packages differ from v3:',
      '    libssl3 3.0.15-1 → 3.0.16-1',
      '  + click 8.1',
      '  - six 1.16',
    ])
  })
  it('says that none differs, and nothing where there is no release to compare with', () => {
    assert.equal(describeLock({ ...follow, against: 'v3' })[1], 'no package differs from v3')
    assert.equal(describeLock(follow).length, 1)
  })
})
