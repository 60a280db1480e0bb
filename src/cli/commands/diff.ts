import type { Difference } from '../../model/supply-chain.ts'
import { diffSides } from '../diff-sides.ts'
import { argument, command, option, optionalArgument } from '../command.ts'
import { renderDifference } from '../render/difference.ts'
import { usage } from '../../model/problems/client.ts'

const filesShown = 40

export const diff = command({
  name: 'diff',
  summary: 'Show what differs between two releases, images or locks',
  description: `Compares packages, files as an application sees them, settings by name (never their values), and how the
release runs. A and B are each one of: \`APP@v3\`, a release; \`APP\`, the release that serves; \`sha256:…\`, an image;
the path of a berth.lock, or of a folder that has one.

With A alone, \`APP@v3\` is compared with the release that serves, and \`APP\` shows what changed since the release that
served before.`,
  arguments: {
    from: argument('A', 'release, image or lock'),
    to: optionalArgument('B', 'release, image or lock; default: the release that serves'),
  },
  options: { files: option('--files <NUMBER>', `how many files to list (default: ${filesShown})`) },
  json: '`Difference`',
  async run({ from, to, files }, context) {
    const request = { ...(await diffSides(from, to, context)), files: countOf(files) }
    const found = await (await context.daemon()).send<Difference>('POST', '/v1/diff', request)
    return { kind: 'answer', json: found, text: renderDifference(found, context.columns) }
  },
})

function countOf(text: string | undefined): number {
  if (text === undefined) return filesShown
  if (/^[0-9]{1,6}$/.test(text)) return Number(text)
  throw usage({
    message: `${JSON.stringify(text)} is no number of files`,
    fix: 'Write a number, such as `--files 200`',
  })
}
