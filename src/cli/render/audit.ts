import {
  attackedColumns,
  countLeaks,
  isLive,
  leaksOf,
  shownVerdict,
  type ShownVerdict,
} from '../../model/audit-matrix.ts'
import { auditGroupTitles } from '../../model/audit-groups.ts'
import type { AuditReport } from '../../model/audit.ts'
import type { Paint } from './paint.ts'
import { pad } from './table.ts'
import { safeText } from './safe-text.ts'

const marks: Readonly<Record<ShownVerdict, string>> = {
  leaked: 'LEAK',
  blocked: '·',
  'not-live': '–',
  'not-run': '–',
  unclear: '?',
  absent: '',
}

/** Attack by level; then how much leaks where; then, for each level, what. */
export function renderAudit(report: AuditReport, paint: Paint): string {
  const columns = attackedColumns(report).map(({ name }) => name)
  return [
    ...matrix(report, columns, paint),
    '',
    ...counts(report, columns, paint),
    ...evidence(report, paint),
    ...absent(report),
    ...advisories(report, paint),
    ...posture(report, paint),
  ].join('\n')
}

function matrix(report: AuditReport, columns: readonly string[], paint: Paint): string[] {
  const titles = report.attacks.map(({ id, title }) => `${id} ${safeText(title)}`)
  const width = Math.max(10, ...titles.map(({ length }) => length))
  const widths = columns.map((name) => Math.max(4, name.length))
  const head = [pad('', width), ...columns.map((name, index) => pad(name, widths[index] ?? 0))].join('  ')
  const lines = report.attacks.map((attack, row) => {
    const cells = columns.map((name, index) => mark(shownVerdict(report, attack, name), widths[index] ?? 0, paint))
    const title = pad(titles[row] ?? '', width)
    return [isLive(report, attack) ? title : paint.faint(title), ...cells].join('  ').trimEnd()
  })
  return [head.trimEnd(), ...lines, paint.faint('·  blocked   –  not live on this host, or not run   ?  unclear')]
}

function mark(verdict: ShownVerdict, width: number, paint: Paint): string {
  const text = pad(marks[verdict], width)
  if (verdict === 'leaked') return paint.bad(text)
  if (verdict === 'unclear') return paint.warning(text)
  return verdict === 'blocked' ? paint.good(text) : paint.faint(text)
}

function counts(report: AuditReport, columns: readonly string[], paint: Paint): string[] {
  const groups = countLeaks(report)
  const rows = groups.map(({ group, live, leaks }) => [
    `${auditGroupTitles[group]} (${live} live)`,
    ...columns.map((name) => String(leaks.get(name) ?? 0)),
  ])
  const sum = (name: string) => groups.reduce((total, { leaks }) => total + (leaks.get(name) ?? 0), 0)
  const live = groups.reduce((total, group) => total + group.live, 0)
  const all = [['leaks', ...columns], ...rows, [`of ${live}`, ...columns.map((name) => String(sum(name)))]]
  const widths = ['', ...columns].map((_, index) => Math.max(...all.map((row) => (row[index] ?? '').length)))
  const lines = all.map((row) =>
    row
      .map((cell, index) => pad(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line, index) => (index === 0 || index === lines.length - 1 ? paint.strong(line) : line))
}

function evidence(report: AuditReport, paint: Paint): string[] {
  const levels = attackedColumns(report).filter(({ kind }) => kind === 'level')
  return levels.flatMap(({ name }) => {
    const leaks = leaksOf(report, name)
    if (leaks.length === 0) return ['', paint.good(`${name}: nothing leaks`)]
    const lines = leaks.map((leak) => `  ${leak.attack.id} ${leak.attack.title}: ${safeText(leak.evidence)}`)
    return ['', paint.strong(`${name}: ${leaks.length} ${leaks.length === 1 ? 'leaks' : 'leak'}`), ...lines]
  })
}

function absent({ columns }: AuditReport): string[] {
  const missing = columns.filter((column) => column.missing.length > 0)
  return missing.flatMap((column) => [
    '',
    `${column.name}: not given on this host`,
    ...column.missing.map((why) => `  ${safeText(why)}`),
  ])
}

function advisories({ runtime, advisories: known }: AuditReport, paint: Paint): string[] {
  if (known.length === 0) return []
  const lines = known.map(({ cve, title, state, fixedIn }) => {
    const says = state === 'fixed' ? paint.good('fixed') : paint.warning(state === 'open' ? 'open' : 'not known')
    return `  ${cve}  ${says}  ${title} (fixed in ${fixedIn})`
  })
  return ['', paint.strong(safeText(runtime)), ...lines]
}

function posture({ posture: found }: AuditReport, paint: Paint): string[] {
  return found.flatMap(({ column, processes, threads, drift, unreported }) => {
    const head = `${column}: ${threads} threads of ${processes} processes are ${drift.length === 0 ? 'what was asked for' : 'not what was asked for'}`
    const more = unreported.length === 0 ? [] : [`  not reported by this kernel: ${unreported.join(', ')}`]
    return [
      '',
      drift.length === 0 ? paint.good(head) : paint.bad(head),
      ...drift.map((line) => `  ${safeText(line)}`),
      ...more,
    ]
  })
}
