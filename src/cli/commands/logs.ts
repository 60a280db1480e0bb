import type { LogLine } from '../../model/api.ts'
import { usage } from '../../model/problems/client.ts'
import { argument, command, flag, option } from '../command.ts'
import { safeText } from '../render/safe-text.ts'

export const logs = command({
  name: 'logs',
  summary: 'Print what an application wrote to stdout and stderr',
  arguments: { app: argument('APP', 'name of the application') },
  options: {
    follow: flag('-f, --follow', 'go on printing as lines come'),
    since: option('--since <TIME>', 'only from then on: a duration such as 10m, 2h, 1d, or an RFC 3339 time'),
    lines: option('-n, --lines <COUNT>', 'only this many of the last lines'),
  },
  json: 'NDJSON: `LogLine`',
  async run({ app, follow, since, lines }, context) {
    const query = new URLSearchParams({
      ...(follow ? { follow: '1' } : {}),
      ...(since === undefined ? {} : { since: parseSince(since, new Date()) }),
      ...(lines === undefined ? {} : { lines: String(parseCount(lines)) }),
    })
    const daemon = await context.daemon()
    const found = daemon.lines<LogLine>(`/v1/apps/${encodeURIComponent(app)}/logs?${query.toString()}`)
    return { kind: 'lines', lines: render(found, context.columns !== undefined) }
  },
})

/** A pipe gets an application's bytes as they are; a terminal does not. */
async function* render(lines: AsyncIterable<LogLine>, isTerminal: boolean) {
  for await (const line of lines) {
    const text = isTerminal ? safeText(line.text) : line.text
    yield {
      json: line,
      text: `${shortTime(line.time)} ${line.release} ${line.stream === 'stderr' ? 'err' : 'out'} ${text}`,
    }
  }
}

/** To the millisecond; nanoseconds take a third of a line, and `--json` has them. */
function shortTime(time: string): string {
  return time.replace(/(\.[0-9]{3})[0-9]*(?:\+00:00|Z)$/, '$1Z')
}

/** Reads a duration back from `now`, or a moment. Gives RFC 3339. */
export function parseSince(text: string, now: Date): string {
  const duration = /^([0-9]+)([smhd])$/.exec(text)
  if (duration) {
    const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[duration[2] ?? ''] ?? 1
    return new Date(now.getTime() - Number(duration[1]) * seconds * 1000).toISOString()
  }
  const moment = /^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$/.test(text) ? new Date(text) : undefined
  if (moment && !Number.isNaN(moment.getTime())) return moment.toISOString()
  throw usage({
    message: `${JSON.stringify(text)} is no time`,
    fix: 'Write a duration such as `10m`, `2h`, `1d`, or a time such as `2026-11-23T09:00:00Z`',
  })
}

function parseCount(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw usage({ message: `${JSON.stringify(text)} is no number of lines`, fix: 'Write a number, such as `-n 100`' })
}
