import { argument, command, restArguments, type Command, type Context, type Outcome } from '../command.ts'

const parameters = {
  app: argument('APP', 'name of the application'),
  argv: restArguments('COMMAND', 'the command and its arguments, after `--`'),
}
const json = 'NDJSON: `{"kind":"output","stream","text"}`, then `{"kind":"exit","code"}`'

export const run = commandIn('run', 'Run a one-off command in the environment of the current release, in a new sandbox')
export const exec = commandIn('exec', 'Run a command inside the running sandbox of an application')

function commandIn(name: string, summary: string): Command {
  return command({
    name,
    summary,
    description: `With a terminal on both sides the command gets one too. The exit code is the command's own.`,
    arguments: parameters,
    options: {},
    json,
    run: ({ app, argv }, context) => runThere(`/v1/apps/${encodeURIComponent(app)}/${name}`, argv, context),
  })
}

async function runThere(path: string, argv: readonly string[], context: Context): Promise<Outcome> {
  const [{ runRemotely }, { openEnds }] = await Promise.all([
    import('../../client/remote-command.ts'),
    import('../command-ends.ts'),
  ])
  const { socket } = await context.daemon()
  using ends = openEnds(context.json)
  const request = { argv: [...argv], ...(ends.terminal ? { terminal: ends.terminal } : {}) }
  const exitCode = await runRemotely({ socket, path, request, signal: context.signal }, ends)
  ends.exited(exitCode)
  return { kind: 'ended', exitCode }
}
