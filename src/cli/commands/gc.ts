import type { GcReport } from '../../model/api.ts'
import { command, flag } from '../command.ts'
import { formatBytes } from '../render/quantity.ts'
import { table } from '../render/table.ts'

export const gc = command({
  name: 'gc',
  summary: 'Remove what no application needs any more: old images, layers, logs',
  arguments: {},
  options: { dryRun: flag('--dry-run', 'show what would be removed, and remove nothing') },
  json: '`GcReport`',
  async run({ dryRun }, context) {
    const report = await (await context.daemon()).send<GcReport>('POST', '/v1/gc', { dryRun })
    return { kind: 'answer', json: report, text: renderReport(report, context.columns) }
  },
})

/** What was removed, and how much room that made. */
export function renderReport({ dryRun, bytes, removed }: GcReport, columns: number | undefined): string {
  if (removed.length === 0) return 'nothing to remove'
  const rows = removed.map(({ kind, name, bytes }) => [kind, formatBytes(bytes), name])
  const sum = `${dryRun ? 'would free' : 'freed'} ${formatBytes(bytes)}`
  return `${table(['KIND', 'SIZE', 'NAME'], rows, columns)}\n\n${sum}`
}
