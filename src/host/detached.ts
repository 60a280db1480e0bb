import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/** Programs that outlive us, and programs that take over our terminal. */

/**
 * Starts a program in a session of its own, with its output added to a log file. It does not keep this process alive.
 * @returns how it ended, should it end while we are here; never rejects
 */
export function startDetached(
  argv: readonly [string, ...string[]],
  options: { readonly log: string; readonly environment: NodeJS.ProcessEnv },
): { readonly ended: Promise<string> } {
  const [file, ...args] = argv
  const log = openSync(options.log, 'a', 0o600)
  const child = spawn(file, args, {
    cwd: '/',
    detached: true,
    env: options.environment,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ? `it was ended by ${signal}` : `it exited with ${code ?? 0}`))
  })
  return { ended }
}

/** Runs a program to its end; it reads our stdin, and all it prints goes to our stderr. Gives its exit code. */
export function runInForeground(argv: readonly [string, ...string[]], environment: NodeJS.ProcessEnv): Promise<number> {
  const [file, ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: environment, stdio: ['inherit', 2, 2] })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
