import { confirmationNeeded } from '../../model/problems/client.ts'
import { argument, command, flag } from '../command.ts'

export const destroy = command({
  name: 'destroy',
  summary: 'Take an application away: sandbox, releases, settings; volumes stay',
  arguments: { app: argument('APP', 'name of the application') },
  options: {
    yes: flag('-y, --yes', 'do not ask'),
    volumes: flag('--volumes', 'remove its volumes too: all data that it wrote'),
  },
  json: 'NDJSON: `Event`, of which the last is `done` or `problem`',
  async run({ app, yes, volumes }, context) {
    const what = `destroying ${app}${volumes ? ' and all data in its volumes' : ''}`
    const agreed = yes || (await context.ask?.confirm(`${what}, for good. Go on?`)) === true
    if (!agreed) {
      throw confirmationNeeded({ what, command: `berth destroy ${app}${volumes ? ' --volumes' : ''} --yes` })
    }
    const daemon = await context.daemon()
    const events = daemon.work('DELETE', `/v1/apps/${encodeURIComponent(app)}`, { volumes })
    return { kind: 'events', verbose: false, events }
  },
})
