import { attackedColumns, countLeaks, leaksOf, shownVerdict, type ShownVerdict } from '../../model/audit-matrix.ts'
import { auditGroups, auditGroupTitles } from '../../model/audit-groups.ts'
import type { AuditReport } from '../../model/audit.ts'

/** The matrix as tables of Markdown, for documents. */
export function renderAuditTables(report: AuditReport): string {
  const columns = attackedColumns(report).map(({ name }) => name)
  return [
    `Measured ${report.startedAt.slice(0, 10)} on ${report.kernel}, ${report.runtime}.`,
    countTable(report, columns),
    ...auditGroups.flatMap((group) => groupTable(report, group, columns)),
    '### What leaks',
    ...leakLists(report),
    ...notGiven(report),
    ...known(report),
    ...posture(report),
  ].join('\n\n')
}

const marks: Readonly<Record<ShownVerdict, string>> = {
  leaked: '**leak**',
  blocked: '·',
  'not-live': '–',
  'not-run': 'not run',
  unclear: '?',
  absent: '',
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

function countTable(report: AuditReport, columns: readonly string[]): string {
  const groups = countLeaks(report)
  const rows = groups.map(({ group, live, leaks }) => [
    `${auditGroupTitles[group]} (${live})`,
    ...columns.map((name) => String(leaks.get(name) ?? 0)),
  ])
  const live = groups.reduce((sum, group) => sum + group.live, 0)
  const total = columns.map((name) => String(groups.reduce((sum, { leaks }) => sum + (leaks.get(name) ?? 0), 0)))
  return table(['group (live attacks)', ...columns], [...rows, [`**of ${live}**`, ...total.map((sum) => `**${sum}**`)]])
}

function groupTable(
  report: AuditReport,
  group: AuditReport['attacks'][number]['group'],
  columns: readonly string[],
): string[] {
  const attacks = report.attacks.filter((attack) => attack.group === group)
  if (attacks.length === 0) return []
  const rows = attacks.map((attack) => [
    attack.id,
    attack.title,
    `${attack.leaksWhen}${attack.isMinor ? ' (reaches nobody)' : ''}`,
    ...columns.map((name) => marks[shownVerdict(report, attack, name)]),
  ])
  return [`### ${capitalised(auditGroupTitles[group])}`, table(['', 'attack', 'leaks when', ...columns], rows)]
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function leakLists(report: AuditReport): string[] {
  return attackedColumns(report)
    .filter(({ kind }) => kind === 'level')
    .flatMap(({ name }) => {
      const leaks = leaksOf(report, name)
      const lines = leaks.map(({ attack, evidence }) => `- ${attack.id} ${attack.title}: ${asText(evidence)}`)
      return [`#### ${name}`, lines.length === 0 ? 'Nothing.' : lines.join('\n')]
    })
}

function notGiven({ columns }: AuditReport): string[] {
  const missing = columns.filter((column) => column.missing.length > 0)
  if (missing.length === 0) return []
  return [
    '### Not given on that host',
    missing.map(({ name, missing: why }) => `- ${name}: ${asText(why.join('; '))}`).join('\n'),
  ]
}

function known({ runtime, advisories }: AuditReport): string[] {
  if (advisories.length === 0) return []
  const rows = advisories.map(({ cve, title, state, fixedIn }) => [cve, title, state, fixedIn])
  return [`### Known vulnerabilities of ${runtime}`, table(['', '', 'state', 'fixed in'], rows)]
}

function posture({ posture: found }: AuditReport): string[] {
  if (found.length === 0) return []
  const rows = found.map(({ column, threads, processes, drift, unreported }) => [
    ...[column, `${threads} of ${processes}`],
    drift.length === 0 ? 'as asked for' : drift.map(asText).join('; '),
    unreported.join(', '),
  ])
  return ['### Observed posture', table(['level', 'threads of processes', 'walls', 'not reported by the kernel'], rows)]
}

/** What an exploit said is text, whatever it looks like. */
function asText(evidence: string): string {
  return evidence.replaceAll(/[\0-\x1f\x7f]/g, ' ').replaceAll(/([<>*_`[\]\\])/g, '\\$1')
}
