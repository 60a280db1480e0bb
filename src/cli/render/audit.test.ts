import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditReport } from '../../model/audit.ts'
import { renderAudit } from './audit.ts'
import { renderAuditPage } from './audit-page.ts'
import { renderAuditTables } from './audit-markdown.ts'
import { paintFor } from './paint.ts'

/** What an attacked application may say for itself. */
const hostile = '<script src="//evil">\u001b[2J|x|`'

const report: AuditReport = {
  ...{ startedAt: '2026-11-23T00:00:00.000Z', seconds: 2, kernel: 'Linux', runtime: 'runc 1.1.5', posture: [] },
  columns: [
    { name: 'none', kind: 'control', missing: [], seconds: 1 },
    { name: 'container', kind: 'level', missing: [], seconds: 1 },
    { name: 'vm', kind: 'level', missing: ['no qemu'], seconds: 0 },
  ],
  attacks: [
    { id: 'H01', name: 'rm', title: 'Delete', group: 'host', leaksWhen: 'it is gone', isMinor: false },
    { id: 'H02', name: 'write', title: 'Write', group: 'host', leaksWhen: 'it changed', isMinor: false },
  ],
  cells: {
    H01: {
      none: { verdict: 'leaked', evidence: 'gone', seconds: 0 },
      container: { verdict: 'leaked', evidence: hostile, seconds: 0 },
    },
    H02: {
      none: { verdict: 'blocked', evidence: '', seconds: 0 },
      container: { verdict: 'blocked', evidence: '', seconds: 0 },
    },
  },
  advisories: [{ cve: 'CVE-2024-21626', title: 'a directory', state: 'fixed', fixedIn: '1.1.12' }],
}

describe('renderAudit()', () => {
  const text = renderAudit(report, paintFor(false, {}))

  it('shows attack by level, and does not call blocked what works nowhere', () => {
    assert.match(text, /^H01 Delete +LEAK +LEAK$/m)
    assert.match(text, /^H02 Write +– +–$/m)
  })

  it('says which levels were not attacked, and why', () =>
    assert.match(text, /vm: not given on this host\n {2}no qemu/))

  it('lets no evidence draw on the terminal', () => assert.ok(!text.includes('\u001b')))
})

describe('renderAuditPage()', () => {
  it('lets no evidence become a part of the page', () => {
    const page = renderAuditPage(report)
    assert.doesNotMatch(page, /<script|\u001b|(src|href)=["']?\/\//)
    assert.ok(page.includes('&lt;script'))
  })
})

describe('renderAuditTables()', () => {
  it('lets no evidence become a part of the document', () => {
    const tables = renderAuditTables(report)
    assert.doesNotMatch(tables, /(^|[^\\])<script|\u001b/)
    assert.ok(tables.includes('**of 1**'))
  })
})
