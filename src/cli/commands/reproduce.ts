import { resolve } from 'node:path'
import type { Event } from '../../model/events.ts'
import { parseReleaseName } from '../../model/names.ts'
import { usage } from '../../model/problems/client.ts'
import { attestationUnwritable } from '../../model/problems/proof.ts'
import { argument, command, flag, option, type Context } from '../command.ts'
import { sourceEvents } from '../send-source.ts'
import { buildSettings } from './deploy.ts'

export const reproduce = command({
  name: 'reproduce',
  summary: 'Build an image again of nothing but its source and its lock, and compare',
  description: `For an application, the image of a release (default: the one that serves) is built again; for a folder
(with a slash in it, or \`.\`), its image is built as \`berth build\` does, and then again. The second build begins with an empty
store, somewhere else on this host, and as much as can be is made different for it: directory, order of listings, number of
processors, umask, time zone, language, clock. Both digests are printed when they are the same. When they are not, every file
that differs is named with its layer and, where it shows, the reason, and the exit code is 1.

\`--attest\` writes a statement of that, signed with this host's key, which \`reproduced_by\` in another manifest can ask for.`,
  arguments: { target: argument('APP|FOLDER', 'application, or folder such as `./shop`') },
  options: {
    release: option('--release <RELEASE>', 'release to build again, such as v3'),
    set: buildSettings,
    attest: option('--attest <FILE>', 'write a signed statement there'),
    verbose: flag('--verbose', 'show what builds print'),
  },
  json: 'NDJSON: `Event`, of which the last is `reproduced` (with `digest`, `again`, `varied`, `notVaried`) or `problem`; each file that differs is a `difference`',
  run: (input, context) =>
    Promise.resolve({ kind: 'events', verbose: input.verbose, events: reproduceEvents(input, context) }),
})

interface ReproduceInput {
  readonly target: string
  readonly release: string | undefined
  readonly attest: string | undefined
  readonly set: readonly string[]
}

async function* reproduceEvents(input: ReproduceInput, context: Context): AsyncGenerator<Event> {
  const events = isFolder(input.target) ? ofFolder(input, context) : ofRelease(input, context)
  for await (const event of events) {
    if (event.kind === 'reproduced' && event.attestation && input.attest !== undefined) {
      const { writeWanted } = await import('../../client/write-wanted.ts')
      const path = resolve(context.workingDirectory, input.attest)
      await writeWanted(path, event.attestation.text, attestationUnwritable)
    }
    yield event
  }
}

function isFolder(target: string): boolean {
  return target === '.' || target === '..' || target.includes('/')
}

async function* ofRelease({ target, release, attest, set }: ReproduceInput, context: Context): AsyncGenerator<Event> {
  if (set.length > 0) {
    const fix = `Leave out \`--set\`: a release is built again with the settings of ${target}`
    throw usage({ message: `\`--set\` is for folders, and ${JSON.stringify(target)} is an application`, fix })
  }
  const number = release === undefined ? undefined : parseReleaseName(release)
  if (release !== undefined && number === undefined) {
    const fix = `Write it as \`berth releases ${target}\` does, such as v3`
    throw usage({ message: `${JSON.stringify(release)} is no release`, fix })
  }
  const request = { attest: attest !== undefined, ...(number === undefined ? {} : { release: number }) }
  yield* (await context.daemon()).work('POST', `/v1/apps/${encodeURIComponent(target)}/reproduce`, request)
}

async function* ofFolder({ target, attest, set }: ReproduceInput, context: Context): AsyncGenerator<Event> {
  const path = `/v1/reproduce${attest === undefined ? '' : '?attest=1'}`
  const source = { folder: target, git: undefined, tag: undefined }
  const { readSettings } = await import('../settings.ts')
  const wishes = async () => ({ goal: 'build' as const, set: await readSettings(set, context) })
  yield* sourceEvents(source, context, wishes, path)
}
