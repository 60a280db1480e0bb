import type { AuditAttack, AuditColumn, AuditReport, AuditSummary, AuditVerdict } from './audit.ts'
import { auditGroups, type AuditGroup } from './audit-groups.ts'

/** What a battery's cells come to, without looking at anything but the report. */

/**
 * Whether an attack does something on this host at all: one that leaks nowhere, not even without any level, may be
 * blocked by the kernel, or may just not work; nobody can tell, so it counts nowhere.
 */
export function isLive({ cells }: Pick<AuditReport, 'cells'>, { id }: Pick<AuditAttack, 'id'>): boolean {
  return Object.values(cells[id] ?? {}).some(({ verdict }) => verdict === 'leaked')
}

/** What a column is shown with for an attack: its verdict, or that it says nothing. */
export type ShownVerdict = AuditVerdict | 'not-live' | 'absent'

export function shownVerdict(report: AuditReport, attack: Pick<AuditAttack, 'id'>, column: string): ShownVerdict {
  const cell = report.cells[attack.id]?.[column]
  if (!cell) return 'absent'
  return cell.verdict === 'blocked' && !isLive(report, attack) ? 'not-live' : cell.verdict
}

export interface GroupCount {
  readonly group: AuditGroup
  /** Attacks that are live. */
  readonly live: number
  /** Of those, how many leak, by column. */
  readonly leaks: ReadonlyMap<string, number>
}

/** How much leaks where, by group; groups of which nothing was tried are left out. */
export function countLeaks(report: AuditReport): GroupCount[] {
  const columns = attackedColumns(report)
  return auditGroups.flatMap((group): GroupCount[] => {
    const attacks = report.attacks.filter((attack) => attack.group === group)
    if (attacks.length === 0) return []
    const live = attacks.filter((attack) => isLive(report, attack))
    const leaks = columns.map(({ name }): [string, number] => [name, leaksAt(report, live, name)])
    return [{ group, live: live.length, leaks: new Map(leaks) }]
  })
}

function leaksAt({ cells }: AuditReport, attacks: readonly AuditAttack[], column: string): number {
  return attacks.filter(({ id }) => cells[id]?.[column]?.verdict === 'leaked').length
}

/** Those that this host could give. */
export function attackedColumns({ columns }: AuditReport): AuditColumn[] {
  return columns.filter(({ missing }) => missing.length === 0)
}

/** What leaks at a column, with the evidence. */
export function leaksOf(
  { attacks, cells }: AuditReport,
  column: string,
): { readonly attack: AuditAttack; readonly evidence: string }[] {
  return attacks.flatMap((attack) => {
    const cell = cells[attack.id]?.[column]
    return cell?.verdict === 'leaked' ? [{ attack, evidence: cell.evidence }] : []
  })
}

/** What is kept of the audit of a release, which is one column beside the control. */
export function summaryOfAudit(report: AuditReport, level: string): AuditSummary {
  const { attacks, cells, startedAt: at } = report
  const leaks = leaksOf(report, level).map(({ attack: { id, title, isMinor }, evidence }) => ({
    ...{ id, title, evidence, isMinor },
  }))
  const live = attacks.filter((attack) => isLive(report, attack))
  // What never came to be played is not clean either.
  const unclear = attacks.filter(({ id }) => (cells[id]?.[level]?.verdict ?? 'unclear') === 'unclear')
  return { at, level, played: attacks.length, live: live.length, leaks, unclear: unclear.map(({ id }) => id) }
}
