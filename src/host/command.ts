import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { createInterface } from 'node:readline'

/** How programs of the host are run: a list of arguments, a fixed environment, never a shell. */

export interface CommandOptions {
  readonly cwd?: string
  /** Added to the fixed environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly signal?: AbortSignal
  /** Seconds until it is killed; default 120. */
  readonly timeoutSeconds?: number
  /** Gets each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
  /** Keeps only about this many of the last characters of stdout and stderr; for programs that nobody trusts. */
  readonly keepLast?: number
  /** Exit codes that are not a failure; default [0]. */
  readonly allowCodes?: readonly number[]
}

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A host program failed. Callers that can say more catch it and throw a `Problem` with this as its cause. */
export class CommandFailed extends Error {
  readonly argv: readonly string[]
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly stdout: string
  readonly stderr: string

  constructor(
    argv: readonly string[],
    outcome: { code?: number; signal?: NodeJS.Signals; stdout: string; stderr: string },
  ) {
    const how = outcome.signal ? `was ended by ${outcome.signal}` : `exited with ${outcome.code ?? 'no code'}`
    const lastLines = (outcome.stderr.trim() || outcome.stdout.trim()).split('\n').slice(-5).join('\n')
    super(`\`${argv.slice(0, 4).join(' ')}\` ${how}${lastLines ? `: ${lastLines}` : ''}`)
    this.name = 'CommandFailed'
    this.argv = argv
    this.code = outcome.code
    this.signal = outcome.signal
    this.stdout = outcome.stdout
    this.stderr = outcome.stderr
  }
}

/** What every host program sees: nothing of the caller's environment reaches it (no LD_PRELOAD, no GIT_DIR). */
export const fixedEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  HOME: '/nonexistent',
}

/**
 * Runs a host program to its end and gives what it printed.
 * @throws CommandFailed when it exits with a code that is not allowed, is killed, or cannot be started.
 */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [file, ...args] = argv
  const spawnOptions: SpawnOptions = {
    env: { ...fixedEnvironment, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: (options.timeoutSeconds ?? 120) * 1000,
    killSignal: 'SIGKILL',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }
  const child = spawn(file, args, spawnOptions)
  const outputs = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    const source = child[stream]
    if (!source) continue
    source.setEncoding('utf8')
    source.on('data', (text: string) => (outputs[stream] = keepEnd(outputs[stream] + text, options.keepLast)))
    const { onLine } = options
    if (onLine) createInterface({ input: source }).on('line', (line) => onLine(line, stream))
  }
  if (options.input !== undefined && child.stdin) {
    child.stdin.on('error', () => undefined) // it may end without reading all of it; its exit code says enough
    child.stdin.end(options.input)
  }
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      if (options.signal?.aborted) reject(cause)
      else reject(new CommandFailed(argv, { ...outputs, stderr: cause.message }))
    })
    child.once('close', (code, signal) => {
      if (code !== null && (options.allowCodes ?? [0]).includes(code)) resolve({ code, ...outputs })
      else
        reject(
          new CommandFailed(argv, { ...outputs, ...(code === null ? {} : { code }), ...(signal ? { signal } : {}) }),
        )
    })
  })
}

/** Cuts off the beginning once the text is twice as long as it may be, so that cutting is rare. */
function keepEnd(text: string, characters = Infinity): string {
  return text.length > 2 * characters ? text.slice(-characters) : text
}

/**
 * Waits for a child whose output goes elsewhere; the end of what it says on stderr is kept for the failure.
 * @throws CommandFailed when it does not exit with 0, is killed, or cannot be started.
 */
export function endOfChild(child: ChildProcess, argv: readonly string[]): Promise<void> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-10_000)))
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new CommandFailed(argv, { stdout: '', stderr: cause.message })))
    child.once('close', (code, signal) => {
      const outcome = { ...(code === null ? {} : { code }), ...(signal ? { signal } : {}), stdout: '', stderr }
      if (code === 0) resolve()
      else reject(new CommandFailed(argv, outcome))
    })
  })
}
