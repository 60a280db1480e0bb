import {
  attackedColumns,
  countLeaks,
  isLive,
  leaksOf,
  shownVerdict,
  type ShownVerdict,
} from '../../model/audit-matrix.ts'
import { auditGroups, auditGroupTitles } from '../../model/audit-groups.ts'
import type { AuditReport } from '../../model/audit.ts'

/** The matrix as a page: one file, without scripts, that asks nobody for anything. */
export function renderAuditPage(report: AuditReport): string {
  const title = report.app === undefined ? 'berth audit' : `berth audit ${report.app} ${report.release ?? ''}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${escaped(report.startedAt)}, ${escaped(report.kernel)}, ${escaped(report.runtime)}, ${Math.round(report.seconds)} s.
An attack counts where it leaks at some level: else it is not live on this host, and blocked by nobody.</p>
${countTable(report)}
${matrixTable(report)}
${evidenceLists(report)}
${notGiven(report)}
${advisoryTable(report)}
</body>
</html>
`
}

const style = `
body{font:15px/1.4 system-ui,sans-serif;margin:2rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.15rem .5rem;text-align:left;border-bottom:1px solid #ddd;vertical-align:top}
td.v{text-align:center;white-space:nowrap}
.leaked{background:#c62828;color:#fff}.blocked{background:#e3f2e5;color:#1b5e20}.unclear{background:#fff3cd}
.not-live,.not-run,.absent{color:#888}
tr.group th{background:#f2f2f2}
@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}th,td{border-color:#333}tr.group th{background:#222}
.blocked{background:#12301a;color:#a5d6a7}.unclear{background:#4a3b00}}
`

const words: Readonly<Record<ShownVerdict, string>> = {
  leaked: 'LEAK',
  blocked: 'blocked',
  'not-live': '–',
  'not-run': 'not run',
  unclear: '?',
  absent: '',
}

function countTable(report: AuditReport): string {
  const columns = attackedColumns(report).map(({ name }) => name)
  const rows = countLeaks(report).map(
    ({ group, live, leaks }) =>
      `<tr><th>${escaped(auditGroupTitles[group])}</th><td>${live}</td>${columns.map((name) => `<td>${leaks.get(name) ?? 0}</td>`).join('')}</tr>`,
  )
  const heads = columns.map((name) => `<th>${escaped(name)}</th>`).join('')
  return `<h2>Leaks</h2>\n<table><tr><th></th><th>live</th>${heads}</tr>\n${rows.join('\n')}\n</table>`
}

function matrixTable(report: AuditReport): string {
  const columns = attackedColumns(report).map(({ name }) => name)
  const heads = columns.map((name) => `<th>${escaped(name)}</th>`).join('')
  const groups = auditGroups.flatMap((group) => {
    const attacks = report.attacks.filter((attack) => attack.group === group)
    if (attacks.length === 0) return []
    const head = `<tr class="group"><th colspan="${columns.length + 2}">${escaped(auditGroupTitles[group])}</th></tr>`
    const rows = attacks.map((attack) => {
      const cells = columns.map((name) => cell(report, attack.id, name)).join('')
      const faint = isLive(report, attack) ? '' : ' class="not-live"'
      return `<tr${faint}><td>${escaped(attack.id)}</td><td title="leaks when ${escaped(attack.leaksWhen)}">${escaped(attack.title)}</td>${cells}</tr>`
    })
    return [head, ...rows]
  })
  return `<h2>Attacks</h2>\n<table><tr><th></th><th></th>${heads}</tr>\n${groups.join('\n')}\n</table>`
}

function cell(report: AuditReport, id: string, column: string): string {
  const verdict = shownVerdict(report, { id }, column)
  const evidence = report.cells[id]?.[column]?.evidence ?? ''
  return `<td class="v ${verdict}" title="${escaped(evidence)}">${words[verdict]}</td>`
}

function evidenceLists(report: AuditReport): string {
  return attackedColumns(report)
    .filter(({ kind }) => kind === 'level')
    .map(({ name }) => {
      const items = leaksOf(report, name).map(
        ({ attack, evidence }) => `<li>${escaped(`${attack.id} ${attack.title}: ${evidence}`)}</li>`,
      )
      return `<h2>What leaks at ${escaped(name)}</h2>\n${items.length === 0 ? '<p>Nothing.</p>' : `<ul>\n${items.join('\n')}\n</ul>`}`
    })
    .join('\n')
}

function notGiven({ columns }: AuditReport): string {
  const items = columns
    .filter(({ missing }) => missing.length > 0)
    .map(({ name, missing }) => `<li>${escaped(`${name}: ${missing.join('; ')}`)}</li>`)
  return items.length === 0 ? '' : `<h2>Not given on this host</h2>\n<ul>\n${items.join('\n')}\n</ul>`
}

function advisoryTable({ advisories }: AuditReport): string {
  if (advisories.length === 0) return ''
  const rows = advisories.map(
    ({ cve, title, state, fixedIn }) =>
      `<tr><td>${escaped(cve)}</td><td>${escaped(title)}</td><td>${escaped(state)}</td><td>${escaped(fixedIn)}</td></tr>`,
  )
  return `<h2>The runtime's known vulnerabilities</h2>\n<table><tr><th></th><th></th><th>state</th><th>fixed in</th></tr>\n${rows.join('\n')}\n</table>`
}

/** Evidence is what attacked applications said. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, '?')
}
