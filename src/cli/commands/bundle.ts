import { resolve } from 'node:path'
import type { Event } from '../../model/events.ts'
import { argument, command, option, type Context } from '../command.ts'
import { formatBytes } from '../render/quantity.ts'
import { releaseNumber } from '../release-number.ts'

export const bundle = command({
  name: 'bundle',
  summary: 'Pack a release into one file that deploys without a network',
  description: `Writes the image, the lock and every artifact that it names, the source and the manifest into one file:
\`berth deploy FILE\` on another machine gives the same image and a running application, with nothing fetched and nothing built.
Settings and secrets are not in it. The same release comes to the same bytes everywhere, so bundles can be compared by hash.`,
  arguments: { app: argument('APP', 'name of the application') },
  options: {
    output: option('-o, --output <FILE>', 'file to write (default: APP-vN.berth in this folder)'),
    release: option('--release <RELEASE>', 'release to pack, such as v3 (default: the one that serves)'),
  },
  json: 'NDJSON: `Event`, among them `bundled` (with `digest` and `bytes`); the last is `done` or `problem`',
  run: (input, context) => Promise.resolve({ kind: 'events', verbose: false, events: bundleEvents(input, context) }),
})

interface BundleInput {
  readonly app: string
  readonly output: string | undefined
  readonly release: string | undefined
}

async function* bundleEvents({ app, output, release }: BundleInput, context: Context): AsyncGenerator<Event> {
  const daemon = await context.daemon()
  const path = `/v1/apps/${encodeURIComponent(app)}/bundle`
  for await (const event of daemon.work('POST', path, releaseNumber(app, release))) {
    yield event
    if (event.kind !== 'bundled') continue
    const { saveBundle } = await import('../../client/bundle-file.ts')
    const file = output ?? `${app}-${event.release}.berth`
    const content = await daemon.download(`${path}?release=${event.release.slice(1)}`)
    await saveBundle(resolve(context.workingDirectory, file), content, event.bytes)
    yield { kind: 'done', app, action: 'bundle', message: `${file} (${formatBytes(event.bytes)})` }
  }
}
