import type { Event } from '../../model/events.ts'
import type { Learned } from '../../model/learned.ts'
import type { Narrowed } from '../../model/narrow-manifest.ts'
import { argument, command, option, type Context } from '../command.ts'

export const learn = command({
  name: 'isolation learn',
  summary: 'Find out which system calls and places an application uses, and narrow its manifest to them',
  description: `Runs a copy of the current release under strace, with copies of its volumes, while everything else goes on. Use the
copy meanwhile, at the address that is shown: by its tests, by hand. What it uses is printed as lines for \`[isolation]\`; what it
did not use in the trial it may not do any more once they are accepted, so use all of it.`,
  arguments: { app: argument('APP', 'application whose current release is tried') },
  options: {
    for: option('--for <SECONDS>', 'how long the trial takes; default 60'),
    accept: option('--accept <FOLDER>', 'write the lines into the berth.toml of this folder'),
  },
  json: 'NDJSON: `Event`, of which the last is `learned` (with `learned`) or `problem`',
  run: (input, context) => Promise.resolve({ kind: 'events', verbose: false, events: learnEvents(input, context) }),
})

interface LearnInput {
  readonly app: string
  readonly for: string | undefined
  readonly accept: string | undefined
}

async function* learnEvents({ app, for: seconds, accept }: LearnInput, context: Context): AsyncGenerator<Event> {
  const request = seconds === undefined ? {} : { seconds: Number(seconds) }
  const daemon = await context.daemon()
  for await (const event of daemon.work('POST', `/v1/apps/${encodeURIComponent(app)}/learn`, request)) {
    yield event
    if (event.kind !== 'learned' || accept === undefined) continue
    const { acceptNarrowed } = await import('../../client/change-manifest.ts')
    const path = await acceptNarrowed(accept, narrowedBy(event.learned), context.workingDirectory)
    context.say(`written into ${path}; \`berth deploy\` puts it into force`)
  }
}

/** Egress stays as it is when all of it was used, or nothing was declared. */
export function narrowedBy({ syscalls, used, unused }: Learned): Narrowed {
  return { syscalls, egress: unused.length === 0 ? undefined : used }
}
