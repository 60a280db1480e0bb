import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seccompProfile } from '../container/seccomp.ts'
import { nspawnFilter } from './bundle.ts'

interface Filter {
  readonly syscalls: readonly { readonly names: readonly string[]; readonly action: string }[]
}

describe('nspawnFilter()', () => {
  const filter = nspawnFilter(seccompProfile('x64')) as Filter // what that function makes

  it('says nothing that systemd-nspawn does not read: it refuses a bundle with an unknown key', () => {
    assert.deepEqual(Object.keys(filter).sort(), ['architectures', 'defaultAction', 'syscalls'])
    for (const rule of filter.syscalls) assert.equal(rule.action, 'SCMP_ACT_ALLOW')
  })

  it('lets no more through than the container level does, but for clone3', () => {
    const allowed = seccompProfile('x64').syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')
    assert.deepEqual(filter.syscalls.slice(0, -1), allowed)
    assert.deepEqual(filter.syscalls.at(-1)?.names, ['clone3'])
  })
})
