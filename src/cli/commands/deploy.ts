import type { Event } from '../../model/events.ts'
import { command, flag, optionalArgument, repeatableOption, type Context } from '../command.ts'
import { retrieveOptions, sendSource, type SourceInput } from '../send-source.ts'

export const deploy = command({
  name: 'deploy',
  summary: 'Deploy an application: retrieve, install, configure, initialise, start',
  description: `Sends a folder (default: this one) or a git repository at a tag to the daemon, builds its image, and puts
it live without dropping a request. When a step fails, what served before goes on serving.

Not sent are: what \`.gitignore\` and \`.berthignore\` name (those of the folder and of the folders inside it), \`.git\`,
\`.hg\`, \`.svn\`, \`node_modules\`, \`venv\`, \`.venv\` and \`__pycache__\`, and sockets, FIFOs and devices.`,
  arguments: { folder: optionalArgument('FOLDER', 'folder of the application') },
  options: {
    ...retrieveOptions,
    set: repeatableOption('--set <NAME=VALUE>', 'store a setting first; NAME=- reads the value from standard input'),
    plan: flag('--plan', 'show what would be done, and do nothing'),
    refresh: flag('--refresh', 'look for newer packages instead of those chosen last time'),
    verbose: flag('--verbose', 'show what builds print'),
  },
  json: 'NDJSON: `Event`, of which the last is `deployed` (with `digest`, `release`, `url`) or `problem`. With `--plan`: `DeployPlan`',
  async run(input, context) {
    if (input.plan) return (await import('../show-plan.ts')).showPlan(input, context)
    return { kind: 'events', verbose: input.verbose, events: deployEvents(input, context, false) }
  },
})

export const build = command({
  name: 'build',
  summary: 'Build the image of an application, and stop there',
  arguments: { folder: optionalArgument('FOLDER', 'folder of the application') },
  options: {
    ...retrieveOptions,
    refresh: flag('--refresh', 'look for newer packages instead of those chosen last time'),
    verbose: flag('--verbose', 'show what builds print'),
  },
  json: 'NDJSON: `Event`, of which the last is `built` (with `digest`) or `problem`',
  run: (input, context) =>
    Promise.resolve({
      kind: 'events',
      verbose: input.verbose,
      events: deployEvents({ ...input, set: [] }, context, true),
    }),
})

async function* deployEvents(
  input: SourceInput & { readonly refresh: boolean; readonly set: readonly string[] },
  context: Context,
  buildOnly: boolean,
): AsyncGenerator<Event> {
  const { readSettings } = await import('../settings.ts')
  const set = await readSettings(input.set, context)
  await using sending = await sendSource(input, context, { set, buildOnly, refresh: input.refresh })
  for (const message of sending.notices) yield { kind: 'notice', message }
  yield* sending.daemon.work('POST', '/v1/deploy', sending.body)
}
