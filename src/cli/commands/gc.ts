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

/** How many of each kind were removed, and how much room that made; `--json` names each. */
export function renderReport({ dryRun, bytes, removed }: GcReport, columns: number | undefined): string {
  if (removed.length === 0) return 'nothing to remove'
  const kinds = [...new Set(removed.map(({ kind }) => kind))]
  const rows = kinds.map((kind) => {
    const all = removed.filter((item) => item.kind === kind)
    return [kind, String(all.length), formatBytes(all.reduce((sum, item) => sum + item.bytes, 0))]
  })
  const sum = `${dryRun ? 'would free' : 'freed'} ${formatBytes(bytes)}`
  return `${table(['KIND', 'COUNT', 'SIZE'], rows, columns)}\n\n${sum}`
}
