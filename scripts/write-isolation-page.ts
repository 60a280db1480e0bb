import { readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { format, resolveConfig } from 'prettier'
import { renderAuditTables } from '../src/cli/render/audit-markdown.ts'
import { AuditReport } from '../src/model/audit.ts'

/**
 * Writes the second half of docs/isolation.md of what `berth audit --json` says on standard input: what it measured, never
 * what was meant. The first half stays as it is. Of several runs, one after the other, each column is from the last that
 * played it; the page says how many they were.
 */

const path = 'docs/isolation.md'
const lines = (await text(process.stdin)).split('\n').filter((line) => line.startsWith('{'))
const reports = lines
  .map((line) => JSON.parse(line) as { kind?: string; report?: unknown })
  .flatMap(({ kind, report }) => (kind === 'audited' ? [AuditReport.parse(report)] : []))
if (reports.length === 0) throw new Error('standard input holds no report of an audit')
const report = reports.reduce(withColumnsOf)

/** A run with the columns that a later one played, too; their control is that of the first. */
function withColumnsOf(first: AuditReport, later: AuditReport): AuditReport {
  const played = later.columns.filter(({ kind, missing }) => kind !== 'control' && missing.length === 0)
  const cellsOf = (id: string) =>
    Object.fromEntries(
      played.flatMap(({ name }) => {
        const cell = later.cells[id]?.[name]
        return cell === undefined ? [] : [[name, cell]]
      }),
    )
  return {
    ...first,
    columns: first.columns.map((column) => played.find(({ name }) => name === column.name) ?? column),
    cells: Object.fromEntries(Object.entries(first.cells).map(([id, cells]) => [id, { ...cells, ...cellsOf(id) }])),
    posture: [
      ...first.posture.filter(({ column }) => !played.some(({ name }) => name === column)),
      ...later.posture.filter(({ column }) => played.some(({ name }) => name === column)),
    ],
  }
}

const mark =
  '<!-- What follows is written by scripts/write-isolation-page.ts of a run of `berth audit --json`; do not edit it. -->'
const runs = reports.length === 1 ? 'one run' : `${reports.length} runs`
const [written, ...rest] = readFileSync(path, 'utf8').split(mark)
if (written === undefined || rest.length !== 1) throw new Error(`${path} has no line that says where the audit begins`)

const page = `${written}${mark}

## What the audit found

\`berth audit\` deploys a really vulnerable application (Flask, with PyYAML's unsafe loader) at every level that a host can give,
with a neighbour beside it, and sends ${report.attacks.length} attacks through its HTTP door. This page is what ${runs} of it came
to; run it on your own host, for kernels differ.

- An attack counts only where some column leaks it (it is _live_). \`none\` is the control: a process of root's, without any level.
  \`docker-default\` and \`podman-default\` run the same image with no flag that seals anything.
- What is to be found is random and never told to the attacker; a leak is that it comes out, or that something is seen to have
  changed from outside the sandbox. Only what nobody else can see (that a system call answered) is taken from the exploit.
- The application has to answer before and after each attack.
- Everything takes place in a container that stands for a host and is thrown away: with a disk, processes, a network and shared
  memory of its own. Sizes are bounded, and nothing is written to what the kernel shares with the real host.
- \`berth audit APP\` plays those that need nothing but the application itself, in a copy of its release under its own limits.
  \`[isolation] audit = "clean"\` makes that a gate of every deploy.

${renderAuditTables(report)}
`
writeFileSync(path, await format(page, { ...(await resolveConfig(path)), filepath: path }))
console.log(`${path}: ${report.attacks.length} attacks, ${report.columns.length} columns`)
