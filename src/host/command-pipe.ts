import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { endOfChild, fixedEnvironment } from './command.ts'

/** A running host program that is read and written as a stream. */
export interface CommandPipe {
  readonly input: Writable
  readonly output: Readable
  /** @throws CommandFailed when it does not exit with 0 */
  readonly ended: Promise<void>
  /** Ends it, whether or not its output was read. */
  stop(): Promise<void>
}

/** Starts a host program whose output is too large to hold in memory. */
export function openCommand(
  argv: readonly [string, ...string[]],
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): CommandPipe {
  const [file, ...args] = argv
  const child = spawn(file, args, { env: { ...fixedEnvironment, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined) // it may end without reading all of it; its exit code says enough
  const ended = endOfChild(child, argv)
  ended.catch(() => undefined) // whoever reads the output awaits it afterwards
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    child.stdout.destroy()
  }
  return { input: child.stdin, output: child.stdout, ended, stop }
}
