import { readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { format, resolveConfig } from 'prettier'
import { renderAuditTables } from '../src/cli/render/audit-markdown.ts'
import { AuditReport } from '../src/model/audit.ts'

/**
 * Writes the second half of docs/isolation.md of what `berth audit --json` says on standard input: what it measured, never
 * what was meant. The first half stays as it is.
 */

const path = 'docs/isolation.md'
const lines = (await text(process.stdin)).split('\n').filter((line) => line.startsWith('{'))
const last = JSON.parse(lines.at(-1) ?? '{}') as { kind?: string; report?: unknown }
if (last.kind !== 'audited')
  throw new Error(`standard input does not end with a report, but with ${last.kind ?? 'nothing'}`)
const report = AuditReport.parse(last.report)

const mark =
  '<!-- What follows is written by scripts/write-isolation-page.ts of a run of `berth audit --json`; do not edit it. -->'
const [written, ...rest] = readFileSync(path, 'utf8').split(mark)
if (written === undefined || rest.length !== 1) throw new Error(`${path} has no line that says where the audit begins`)

const page = `${written}${mark}

## What the audit found

\`berth audit\` deploys a really vulnerable application (Flask, with PyYAML's unsafe loader) at every level that a host can give,
with a neighbour beside it, and sends ${report.attacks.length} attacks through its HTTP door. This page is what one run of it came
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
