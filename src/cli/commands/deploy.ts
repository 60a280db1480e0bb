import { bundleIn, deployBundle } from '../deploy-bundle.ts'
import { command, flag, optionalArgument, repeatableOption } from '../command.ts'
import { retrieveOptions, sourceEvents } from '../send-source.ts'

const locked = flag('--locked', 'refuse when berth.lock is missing or does not fit, instead of locking (for CI)')
const verbose = flag('--verbose', 'show what builds print')

/** A build may need a secret before there is an application that could have it. */
export const buildSettings = repeatableOption(
  '--set <NAME=VALUE>',
  'give a secret to the build, and store nothing; NAME=- reads the value from standard input',
)

export const deploy = command({
  name: 'deploy',
  summary: 'Deploy an application: retrieve, install, configure, initialise, start',
  description: `Sends a folder (default: this one) or a git repository at a tag to the daemon, builds its image, and puts
it live without dropping a request. When a step fails, what served before goes on serving.

An application with a \`berth.lock\` is built of exactly what the lock names. One without is locked first: the lock is
written beside \`berth.toml\`, to be reviewed and committed.

A file that \`berth bundle\` has made is deployed as it is: nothing is fetched and nothing is built.

Not sent are: what \`.gitignore\` and \`.berthignore\` name (those of the folder and of the folders inside it), \`.git\`,
\`.hg\`, \`.svn\`, \`node_modules\`, \`venv\`, \`.venv\` and \`__pycache__\`, and sockets, FIFOs and devices.`,
  arguments: { folder: optionalArgument('FOLDER', 'folder of the application, or a bundle of it') },
  options: {
    ...retrieveOptions,
    set: repeatableOption('--set <NAME=VALUE>', 'store a setting first; NAME=- reads the value from standard input'),
    plan: flag('--plan', 'show what would be done, and do nothing'),
    locked,
    verbose,
  },
  json: 'NDJSON: `Event`, of which the last is `deployed` (with `digest`, `release`, `url`) or `problem`. With `--plan`: `DeployPlan`',
  async run(input, context) {
    const bundle = await bundleIn(input, context)
    if (bundle !== undefined) return deployBundle({ ...input, bundle }, context)
    if (input.plan) return (await import('../show-plan.ts')).showPlan(input, context)
    const { readSettings } = await import('../settings.ts')
    const wishes = async () => ({ locked: input.locked, set: await readSettings(input.set, context) })
    return { kind: 'events', verbose: input.verbose, events: sourceEvents(input, context, wishes) }
  },
})

export const build = command({
  name: 'build',
  summary: 'Build the image of an application, and stop there',
  arguments: { folder: optionalArgument('FOLDER', 'folder of the application') },
  options: { ...retrieveOptions, set: buildSettings, locked, verbose },
  json: 'NDJSON: `Event`, of which the last is `built` (with `digest`) or `problem`',
  async run(input, context) {
    const { readSettings } = await import('../settings.ts')
    const set = await readSettings(input.set, context)
    const wishes = () => Promise.resolve({ locked: input.locked, set, goal: 'build' as const })
    return { kind: 'events', verbose: input.verbose, events: sourceEvents(input, context, wishes) }
  },
})
