import { command, optionalArgument } from '../command.ts'
import { chooseLock } from '../choose-lock.ts'

export const outdated = command({
  name: 'outdated',
  summary: 'Show which locked packages have newer versions',
  description: `Asks the registries that the packages of a berth.lock came from what they have now: of Debian, the release
that the image stands on; of languages, what was published up to the lock's \`as_of\`. Changes nothing, and exits with 0
whatever there is. \`berth lock --update [NAME...]\` takes the newer versions.`,
  arguments: {
    target: optionalArgument('FOLDER|APP', 'folder with a berth.lock (default: this one), or an application'),
  },
  options: {},
  json: 'NDJSON: `Event`, of which the last is `outdated` or `problem`',
  async run({ target }, context) {
    const choice = await chooseLock(target ?? '.', context)
    const daemon = await context.daemon()
    return { kind: 'events', verbose: false, events: daemon.work('POST', '/v1/outdated', choice) }
  },
})
