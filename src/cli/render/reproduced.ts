import type { Event } from '../../model/events.ts'
import { formatSeconds } from './quantity.ts'
import type { Screen } from './screen.ts'

/** What was the same although what was different. */
export function describeReproduced(
  { app, release, seconds, varied, notVaried, byteCode, attestation }: Extract<Event, { kind: 'reproduced' }>,
  { paint }: Screen,
): string {
  const name = release === undefined ? app : `${app} ${release}`
  return [
    `${paint.strong(name)} came out the same when it was built again, in ${formatSeconds(seconds)}`,
    '  varied:',
    ...varied.map((what) => `    ${what}`),
    '  not varied:',
    ...notVaried.map((what) => `    ${what}`),
    ...(byteCode === 0 ? [] : [`  all ${byteCode} files of byte-code fit their sources`]),
    ...(attestation === undefined ? [] : [`  signed with the key ${attestation.key}`]),
  ].join('\n')
}
