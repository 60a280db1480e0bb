import { asOfInvalid } from '../../model/problems/client.ts'
import { command, flag, listOption, option, optionalArgument } from '../command.ts'
import { retrieveOptions, sourceEvents } from '../send-source.ts'
import { buildSettings } from './deploy.ts'

export const lock = command({
  name: 'lock',
  summary: 'Resolve everything that an application is made of, and write berth.lock',
  description: `Builds the image once while everything that is fetched is written down by hash: packages of the operating
system, of the language, downloads. From then on a build gets these and nothing else, on every machine. What an earlier
lock has stays as it is, unless the source asks for something else; \`--update\` lets it move.

With \`--as-of\`, packages of Debian are those of that date, too, where \`BERTH_DEBIAN_SNAPSHOT\` names a mirror of snapshots.`,
  arguments: { folder: optionalArgument('FOLDER', 'folder of the application') },
  options: {
    ...retrieveOptions,
    asOf: option('--as-of <DATE>', 'do not see language packages published later, such as 2016-03-01 (UTC)'),
    update: listOption('--update [NAME...]', 'look for newer versions of these packages, or of all'),
    set: buildSettings,
    verbose: flag('--verbose', 'show what builds print'),
  },
  json: 'NDJSON: `Event`, among them `locked` (with `changes` and the `text`) when the lock has changed; the last is `done` or `problem`',
  async run(input, context) {
    const { readSettings } = await import('../settings.ts')
    const set = await readSettings(input.set, context)
    const asOf = input.asOf === undefined ? {} : { asOf: instantOf(input.asOf) }
    const update =
      input.update === undefined ? {} : { update: input.update === true ? ('all' as const) : [...input.update] }
    const wishes = () => Promise.resolve({ goal: 'lock' as const, set, ...asOf, ...update })
    return { kind: 'events', verbose: input.verbose, events: sourceEvents(input, context, wishes) }
  },
})

/** A date is its first moment in UTC, whatever the zone of this machine. @throws asOfInvalid */
function instantOf(text: string): string {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const instant = new Date(isDate ? `${text}T00:00:00Z` : text)
  const isWhole = isDate || /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
  if (!isWhole || Number.isNaN(instant.getTime())) throw asOfInvalid({ text })
  return instant.toISOString().replace('.000Z', 'Z')
}
