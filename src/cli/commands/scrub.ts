import type { ScrubReport } from '../../model/proof.ts'
import { command } from '../command.ts'
import { safeText } from '../render/safe-text.ts'

export const scrub = command({
  name: 'scrub',
  summary: 'Read everything in the store now, and mend what is damaged',
  description: `The daemon does this once a day, slowly and only while nothing else goes on. A damaged layer is laid out
anew from its archive, a damaged archive is written anew from its layer, a damaged download is removed, so that it is fetched
again. Exits with 1 when something is left that only a deploy can mend.`,
  arguments: {},
  options: {},
  json: '`ScrubReport`',
  async run(_, context) {
    context.say('reading the store')
    const report = await (await context.daemon()).send<ScrubReport>('POST', '/v1/scrub', {})
    const isWell = report.damage.every(({ mended }) => mended)
    return { kind: 'answer', json: report, text: renderScrub(report), exitCode: isWell ? 0 : 1 }
  },
})

export function renderScrub({ layers, blobs, damage }: ScrubReport): string {
  const read = `${layers} layers and ${blobs} other blobs read`
  if (damage.length === 0) return `${read}: nothing is damaged`
  const lines = damage.map(
    ({ what, outcome, mended }) => `  ${mended ? 'mended ' : 'DAMAGED'}  ${safeText(`${what}: ${outcome}`)}`,
  )
  return [`${read}: ${damage.length} damaged`, ...lines].join('\n')
}
