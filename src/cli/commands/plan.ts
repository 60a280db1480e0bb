import { command, optionalArgument } from '../command.ts'
import { retrieveOptions } from '../send-source.ts'

export const plan = command({
  name: 'plan',
  summary: 'Show what a deploy would do, and do nothing',
  description: 'Exits with 1 when a deploy would refuse, for example because a setting is missing.',
  arguments: { folder: optionalArgument('FOLDER', 'folder of the application') },
  options: retrieveOptions,
  json: '`DeployPlan`',
  run: async (input, context) => (await import('../show-plan.ts')).showPlan(input, context),
})
