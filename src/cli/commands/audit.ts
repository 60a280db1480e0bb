import { resolve } from 'node:path'
import type { Event } from '../../model/events.ts'
import { reportUnwritable } from '../../model/problems/audit.ts'
import { command, optionalArgument, option, repeatableOption, type Context } from '../command.ts'

export const audit = command({
  name: 'audit',
  summary: 'Attack a vulnerable application at every isolation level, and tell what leaks',
  description: `Deploys a really vulnerable application (Flask, with PyYAML's unsafe loader) at every level that this host can
give, with a neighbour beside it, and sends more than a hundred attacks through its HTTP door. What leaks is judged by what is
seen outside of the sandbox, and an attack counts only where it works at some level. Everything happens in a container that
stands for the host, and is thrown away: no file, process or network of the host is touched.

With an application, a copy of its current release is taken over instead, under its own limits, without its data and without its
secrets: what could somebody do who had taken this one over? The answer is kept with the release, and \`berth status\` shows it.`,
  arguments: { app: optionalArgument('APP', 'application whose current release is attacked in a copy') },
  options: {
    level: repeatableOption('--level <LEVEL>', 'attack this level only (and the control); may be given several times'),
    attack: repeatableOption('--attack <ID>', 'play this attack only, such as H01; may be given several times'),
    html: option('--html <FILE>', 'write the matrix as a page there'),
  },
  json: 'NDJSON: `Event`, of which the last is `audited` (with the `AuditReport`) or `problem`; each verdict is an `attack`',
  run: (input, context) => Promise.resolve({ kind: 'events', verbose: false, events: auditEvents(input, context) }),
})

interface AuditInput {
  readonly app: string | undefined
  readonly level: readonly string[]
  readonly attack: readonly string[]
  readonly html: string | undefined
}

async function* auditEvents({ app, level, attack, html }: AuditInput, context: Context): AsyncGenerator<Event> {
  const request = {
    ...(level.length > 0 ? { columns: level } : {}),
    ...(attack.length > 0 ? { attacks: attack } : {}),
  }
  const path = app === undefined ? '/v1/audit' : `/v1/apps/${encodeURIComponent(app)}/audit`
  for await (const event of (await context.daemon()).work('POST', path, request)) {
    if (event.kind === 'audited' && html !== undefined) {
      const { renderAuditPage } = await import('../render/audit-page.ts')
      const { writeWanted } = await import('../../client/write-wanted.ts')
      await writeWanted(resolve(context.workingDirectory, html), renderAuditPage(event.report), reportUnwritable)
    }
    yield event
  }
}
