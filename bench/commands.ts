import { spawn, type ChildProcess } from 'node:child_process'
import { openSync } from 'node:fs'
import type { Group } from './groups.ts'

export interface CommandOptions {
  readonly group?: Group
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
}

/** Runs a command to its end and gives what it printed. @throws when it fails, with its last words */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = start(argv, options, ['pipe', 'pipe', 'pipe'], false)
  const texts = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text))
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0)
    throw new Error(`${argv.join(' ')}: exit ${String(code)}\n${(texts.stdout + texts.stderr).slice(-2000)}`)
  return texts.stdout
}

/** Runs a command of which it does not matter whether it succeeds: taking away what may not be there. */
export async function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  return run(argv, options).catch(() => '')
}

export interface Service {
  readonly pid: number
  /** Ends it by its id, by force when it does not end in ten seconds. */
  stop(): Promise<void>
}

/** Starts what stays. It has a session of its own, so that Ctrl-C reaches it through us alone. */
export function startService(argv: readonly string[], logFile: string, options: CommandOptions): Service {
  const log = openSync(logFile, 'a')
  const child = start(argv, options, ['ignore', log, log], true)
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(timer)
    },
  }
}

type Streams = readonly ['pipe' | 'ignore', 'pipe' | number, 'pipe' | number]

function start(argv: readonly string[], options: CommandOptions, streams: Streams, detached: boolean): ChildProcess {
  const { group, cwd, env } = options
  // The shell enters the group before it becomes the command, so that nothing of it is missed.
  const words = group ? ['/bin/sh', '-c', 'echo $$ >"$0" && exec "$@"', group.entrance, ...argv] : argv
  const [program = '', ...rest] = words
  return spawn(program, rest, { stdio: [...streams], detached, ...(cwd ? { cwd } : {}), ...(env ? { env } : {}) })
}
