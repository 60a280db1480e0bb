import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fixedEnvironment } from './command.ts'
import { hasCode, readText } from './files.ts'

/** Processes that outlive berth. One is named by its id and its start time, because ids are used again (proc(5)). */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot, as text: field 22 of `/proc/PID/stat`. */
  readonly startTime: string
}

/** Gives the identity of a process that runs now; undefined when there is none, or only its unreaped remains. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readText(`/proc/${pid}/stat`).catch((error: unknown) => {
    if (hasCode(error, 'ESRCH')) return undefined
    throw error
  })
  if (stat === undefined) return undefined
  // The second field is the name in parentheses and may itself hold blanks and parentheses.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startTime = fields[18]
  return state === 'Z' || state === 'X' || startTime === undefined ? undefined : { pid, startTime }
}

/** Whether exactly this process, and not a later one with the same id, still runs. */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await identify(pid))?.startTime === startTime
}

/** Sends a signal to exactly this process; does nothing when it has ended. */
export async function sendSignal(identity: ProcessIdentity, signal: NodeJS.Signals | number): Promise<void> {
  if (await isAlive(identity)) killQuietly(identity.pid, signal)
}

/** Waits until a process has ended, at most `milliseconds`. Gives whether it has. */
export async function waitForEnd(identity: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds
  while (await isAlive(identity)) {
    if (Date.now() >= deadline) return false
    await sleep(10)
  }
  return true
}

/** Sends a signal to a process, or with a negative id to a process group; one that has ended is no error. */
export function killQuietly(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

export interface DetachedOptions {
  /** Added to the fixed environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Gets stdout and stderr, appended. */
  readonly logFile: string
}

/**
 * Starts a program in a session of its own, so that it survives this process.
 * @throws Error when the program cannot be started.
 */
export async function spawnDetached(
  argv: readonly [string, ...string[]],
  { env, logFile }: DetachedOptions,
): Promise<ProcessIdentity> {
  const [file, ...args] = argv
  const log = openSync(logFile, 'a', 0o640)
  try {
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...fixedEnvironment, ...env },
      cwd: '/',
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
    const identity = child.pid === undefined ? undefined : await identify(child.pid)
    if (!identity) throw new Error(`${file} ended at once; see ${logFile}`)
    return identity
  } finally {
    closeSync(log)
  }
}

/**
 * Starts a program that turns itself into a daemon and reports one line of JSON on descriptor 3 when it is ready
 * (conmon's sync pipe). Gives that line, and '' when it ended without one.
 */
export async function spawnReporting(
  argv: readonly [string, ...string[]],
  { env, cwd }: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
): Promise<{ readonly report: string; readonly stderr: string }> {
  const [file, ...args] = argv
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...fixedEnvironment, ...env },
    cwd,
  })
  const [, , errors, reports] = child.stdio
  if (!errors || !reports) throw new Error('the pipes of a new process are missing')
  let stderr = ''
  let report = ''
  errors.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      reports.once('close', resolve)
      reports.on('data', (chunk: Buffer) => {
        report += chunk.toString()
        if (report.includes('\n')) resolve()
      })
    })
  } finally {
    errors.destroy()
    reports.destroy()
    child.unref()
  }
  return { report: report.trim(), stderr }
}
