import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { AuditReport } from '../../src/model/audit.ts'
import { TestBerth } from './test-berth.ts'

const levels = ['nspawn', 'lxc', 'container', 'docker', 'gvisor']
/** Threads without end, a program in no file, the 32-bit entry: what only some programs keep out by themselves. */
const attacks = ['R22', 'I08', 'P09']

describe('berth audit at several levels', { timeout: 600_000 }, () => {
  let berth: TestBerth
  let report: AuditReport
  before(async () => {
    berth = await TestBerth.create()
    const wanted = [...levels.flatMap((name) => ['--level', name]), ...attacks.flatMap((id) => ['--attack', id])]
    const { last } = await berth.events('audit', ...wanted)
    assert.ok(last.kind === 'audited', JSON.stringify(last))
    report = last.report
  })
  after(() => berth[Symbol.asyncDispose]())

  it('plays them all', () => {
    assert.deepEqual(
      report.columns.map(({ name, missing }) => [name, missing]),
      ['none', ...levels].map((name) => [name, []]),
    )
  })

  for (const level of levels) {
    it(`finds the same walls at ${level} as at any other`, async () => {
      // Of Linux since 6.3; gVisor's kernel is its own.
      const canForbid = level === 'gvisor' || (await exists('/proc/sys/vm/memfd_noexec'))
      const wanted = { R22: 'blocked', I08: canForbid ? 'blocked' : 'leaked', P09: 'blocked' }
      const found = attacks.map((id) => [id, report.cells[id]?.[level]?.verdict])
      assert.deepEqual(Object.fromEntries(found), wanted, JSON.stringify(report.cells))
    })
  }
})

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
