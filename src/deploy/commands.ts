import type { CommandIo } from '../isolation/isolator.ts'
import { appNotRunning } from '../model/problems/state.ts'
import type { Exit } from '../model/sandbox.ts'
import type { Berth } from './berth.ts'
import { runOneOff } from './one-off.ts'
import { summaryOf } from './status.ts'

export interface AskedCommand {
  readonly app: string
  readonly argv: readonly string[]
  readonly io: CommandIo
  readonly signal: AbortSignal
}

/** Runs a command in a new sandbox of the current release: its environment, settings, volumes and declared network. */
export async function runCommand(berth: Berth, { app: name, argv, io, signal }: AskedCommand): Promise<Exit> {
  const app = berth.state.apps.get(name)
  const release = berth.state.releases.get(app, app.currentRelease ?? 0)
  return runOneOff(berth, { app, release, argv, io, signal })
}

/** Runs a command inside the sandbox that serves. @throws appNotRunning */
export async function execCommand(berth: Berth, { app: name, argv, io, signal }: AskedCommand): Promise<Exit> {
  const app = berth.state.apps.get(name)
  const serving = berth.state.sandboxes.serving(app)
  if (!serving) throw appNotRunning({ app: name, state: summaryOf(berth, app).state })
  return berth.isolator.exec(serving.id, argv, io, signal)
}
