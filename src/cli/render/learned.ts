import type { Learned } from '../../model/learned.ts'
import { narrowLines } from '../../model/narrow-manifest.ts'
import { safeText } from './safe-text.ts'

/** What was learned, as the change of the manifest that it comes to. */
export function describeLearned({ app, release, seconds, syscalls, allowedNow, used, unused }: Learned): string {
  const egress = unused.length === 0 ? undefined : used
  const places =
    used.length + unused.length === 0 ? '' : `, ${used.length} of ${used.length + unused.length} places of egress`
  return [
    `${app} ${release} used ${syscalls.length} of ${allowedNow} system calls${places} in ${seconds} s`,
    ...(unused.length > 0 ? [`not used: ${unused.join(', ')}`] : []),
    'to allow no more than that, in [isolation] of berth.toml:',
    ...narrowLines({ syscalls, egress }).map((line) => `  ${line}`),
  ]
    .map(safeText)
    .join('\n')
}
