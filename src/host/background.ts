import { spawn } from 'node:child_process'
import { fixedEnvironment } from './command.ts'

/** A host program that runs beside this process, until it is stopped or this process dies. */
export interface Background {
  readonly pid: number
  /** Ends it and waits until it has ended. */
  stop(): Promise<void>
}

/**
 * Starts a host program. It gets SIGKILL when this process dies, however that happens.
 * @throws Error when it cannot be started.
 */
export async function startBackground(argv: readonly [string, ...string[]]): Promise<Background> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], { env: fixedEnvironment, stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${argv[0]} has no process id`)
  return {
    pid,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
