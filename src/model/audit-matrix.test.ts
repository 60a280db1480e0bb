import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditAttack, AuditCell, AuditReport } from './audit.ts'
import { attackedColumns, countLeaks, isLive, leaksOf, shownVerdict, summaryOfAudit } from './audit-matrix.ts'

function attack(id: string, group: AuditAttack['group'], isMinor = false): AuditAttack {
  return { id, name: id.toLowerCase(), title: `does ${id}`, group, leaksWhen: 'it does', isMinor }
}

function cell(verdict: AuditCell['verdict']): AuditCell {
  return { verdict, evidence: `was ${verdict}`, seconds: 0.1 }
}

const report: AuditReport = {
  ...{ startedAt: '2026-11-23T00:00:00.000Z', seconds: 2, kernel: 'Linux', runtime: '', advisories: [], posture: [] },
  columns: [
    { name: 'none', kind: 'control', missing: [], seconds: 1 },
    { name: 'container', kind: 'level', missing: [], seconds: 1 },
    { name: 'vm', kind: 'level', missing: ['no qemu'], seconds: 0 },
  ],
  attacks: [
    attack('H01', 'host'),
    attack('H02', 'host'),
    attack('C01', 'confidentiality', true),
    attack('C02', 'confidentiality'),
  ],
  cells: {
    H01: { none: cell('leaked'), container: cell('blocked') },
    H02: { none: cell('blocked'), container: cell('blocked') },
    C01: { none: cell('leaked'), container: cell('leaked') },
    C02: { none: cell('leaked'), container: cell('unclear') },
  },
}

describe('isLive()', () => {
  it('counts an attack only where it works at some level', () => {
    assert.deepEqual(
      report.attacks.map((each) => isLive(report, each)),
      [true, false, true, true],
    )
  })
})

describe('shownVerdict()', () => {
  const cases = [
    { it: 'calls blocked what works elsewhere', id: 'H01', column: 'container', verdict: 'blocked' },
    { it: 'calls nothing blocked that works nowhere', id: 'H02', column: 'container', verdict: 'not-live' },
    { it: 'keeps what is unclear unclear', id: 'C02', column: 'container', verdict: 'unclear' },
    { it: 'says nothing of a level that was not attacked', id: 'H01', column: 'vm', verdict: 'absent' },
    { it: 'says nothing of an attack that is not there', id: 'X99', column: 'none', verdict: 'absent' },
  ]
  for (const { it: says, id, column, verdict } of cases) {
    it(says, () => assert.equal(shownVerdict(report, { id }, column), verdict))
  }
})

describe('countLeaks()', () => {
  it('counts by group and level what is live, and leaves out groups that were not tried', () => {
    const counted = countLeaks(report).map(({ group, live, leaks }) => [group, live, Object.fromEntries(leaks)])
    assert.deepEqual(counted, [
      ['host', 1, { none: 1, container: 0 }],
      ['confidentiality', 2, { none: 2, container: 1 }],
    ])
  })
})

describe('attackedColumns()', () => {
  it('leaves out what this host cannot give', () => {
    assert.deepEqual(
      attackedColumns(report).map(({ name }) => name),
      ['none', 'container'],
    )
  })
})

describe('leaksOf()', () => {
  it('names what leaks at a level, with the evidence', () => {
    assert.deepEqual(
      leaksOf(report, 'container').map(({ attack: { id }, evidence }) => [id, evidence]),
      [['C01', 'was leaked']],
    )
  })
})

describe('summaryOfAudit()', () => {
  it('keeps what leaks, and what nothing can be said of', () => {
    const { played, live, leaks, unclear } = summaryOfAudit(report, 'container')
    assert.deepEqual({ played, live, unclear }, { played: 4, live: 3, unclear: ['C02'] })
    assert.deepEqual(leaks, [{ id: 'C01', title: 'does C01', evidence: 'was leaked', isMinor: true }])
  })

  it('does not take a level that was never attacked for one that withstood', () => {
    assert.deepEqual(summaryOfAudit(report, 'vm').unclear, ['H01', 'H02', 'C01', 'C02'])
  })
})
