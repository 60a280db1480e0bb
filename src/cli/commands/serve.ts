import { command } from '../command.ts'

export const serve = command({
  name: 'serve',
  summary: 'Run the daemon in the foreground; other commands start it by themselves',
  arguments: {},
  options: {},
  json: 'nothing: the daemon talks to stderr',
  async run() {
    await becomeDaemon()
    return { kind: 'ended', exitCode: 0 }
  },
})

/** The one place where the CLI reaches into the daemon: this process becomes it. */
export async function becomeDaemon(): Promise<void> {
  const { serve } = await import('../../daemon/main.ts')
  await serve()
}
