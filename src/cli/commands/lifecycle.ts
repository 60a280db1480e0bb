import { parseReleaseName } from '../../model/names.ts'
import { usage } from '../../model/problems/client.ts'
import { argument, command, optionalArgument, type Command, type Context, type Outcome } from '../command.ts'

const json = 'NDJSON: `Event`, of which the last is `done` or `problem`'

export const rollback = command({
  name: 'rollback',
  summary: 'Bring an earlier release back, without a build',
  arguments: {
    app: argument('APP', 'name of the application'),
    release: optionalArgument('RELEASE', 'such as v3; without it, the one that served before'),
  },
  options: {},
  json: 'NDJSON: `Event`, of which the last is `deployed`, `done` or `problem`',
  async run({ app, release }, context) {
    const number = release === undefined ? undefined : parseReleaseName(release)
    if (release !== undefined && number === undefined) {
      throw usage({
        message: `${JSON.stringify(release)} is no release`,
        fix: `Write it as \`berth releases ${app}\` does, such as v3`,
      })
    }
    return work(context, `${app}/rollback`, number === undefined ? {} : { release: number })
  },
})

export const restart = actionOn('restart', 'Start a new sandbox of the current release, then stop the old one')
export const stop = actionOn('stop', 'Stop an application; it stays stopped until it is started or deployed')
export const start = actionOn('start', 'Start an application that was stopped')

function actionOn(name: string, summary: string): Command {
  return command({
    name,
    summary,
    arguments: { app: argument('APP', 'name of the application') },
    options: {},
    json,
    run: ({ app }, context) => work(context, `${app}/${name}`),
  })
}

async function work(context: Context, path: string, body: object = {}): Promise<Outcome> {
  const [app = '', action = ''] = path.split('/')
  const daemon = await context.daemon()
  const events = daemon.work('POST', `/v1/apps/${encodeURIComponent(app)}/${action}`, body)
  return { kind: 'events', verbose: false, events }
}
