import { runAttached, type AttachedEnd } from '../../host/attached.ts'
import { removeCgroup } from '../../host/cgroups.ts'
import { runCommand } from '../../host/command.ts'
import { readText, rm } from '../../host/files.ts'
import { isAlive, killQuietly } from '../../host/processes.ts'
import { sandboxNotRunning } from '../../model/problems/isolation.ts'
import type { Exit } from '../../model/sandbox.ts'
import type { CommandIo } from '../isolator.ts'
import type { Bundle, Level } from '../level.ts'
import type { HostFacts } from './facts.ts'
import type { Layout } from './layout.ts'
import { exitFrom, lackedMemory, readRecord } from './record.ts'
import { prepareBundle } from './start.ts'

/**
 * Runs a command in a sandbox of its own, to its end. The caller removes the sandbox.
 * @throws Error when the sandbox cannot be made.
 */
export async function runSandbox(
  level: Level,
  bundle: Bundle,
  { io, signal }: { readonly io: CommandIo; readonly signal: AbortSignal },
): Promise<Exit> {
  const { layout, spec, facts } = bundle
  await prepareBundle(level, bundle)
  // Kept after its end, so that its control group can still tell whether memory ran out.
  const options = level.runOptions?.(layout) ?? ['--keep']
  const verb = ['run', ...options, '--bundle', layout.bundle, '--pid-file', layout.pidFile, spec.id] as const
  // What a program beside the sandbox has begun does not end with that program, and holds its output open.
  const alsoKill = () => (level.firstProcess ? removeCgroup(facts.cgroups, layout.cgroup) : Promise.resolve())
  const end = await killedOnAbort({ signal, pidFile: layout.pidFile, alsoKill }, () => {
    const run = runAttached([...level.runtime(layout), ...verb], io)
    return level.firstProcess ? letGo({ level, bundle, run, signal }) : run
  })
  return exitOf(end, await lackedMemory(layout, facts.cgroups))
}

/** Completes the walls of a sandbox that waits for that, as a start does, and lets its command begin. */
async function letGo<End>(work: {
  readonly level: Level
  readonly bundle: Bundle
  readonly run: Promise<End>
  readonly signal: AbortSignal
}): Promise<End> {
  const { level, bundle, run, signal } = work
  const { layout, spec } = bundle
  let isOver = false
  const end = run.finally(() => (isOver = true))
  end.catch(() => undefined) // it is awaited below
  const supervisor = await pidIn(layout.pidFile, () => isOver)
  if (supervisor === undefined) return end
  try {
    const pid = (await level.firstProcess?.(bundle, supervisor)) ?? supervisor
    await level.settle?.(bundle, pid)
    await runCommand([...level.runtime(layout), 'start', spec.id])
  } catch (error) {
    killQuietly(supervisor, 'SIGKILL')
    const ended = await end
    if (!signal.aborted) throw error
    return ended
  }
  return end
}

/** Gives undefined when there is none before it is too late. */
async function pidIn(file: string, isTooLate: () => boolean): Promise<number | undefined> {
  for (;;) {
    const pid = Number(await readText(file))
    if (pid > 0) return pid
    if (isTooLate()) return undefined
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

interface InsideOptions {
  readonly layout: Layout
  readonly id: string
  readonly facts: HostFacts
  readonly argv: readonly string[]
  readonly io: CommandIo
  readonly signal: AbortSignal
}

/**
 * Runs a command inside a running sandbox: as its application's user, with its environment and its walls.
 * @throws Problem `sandbox-not-running`
 */
export async function runInside(level: Level, { layout, id, facts, argv, io, signal }: InsideOptions): Promise<Exit> {
  const record = await readRecord(layout)
  if (!record || !(await isAlive(record.init))) throw sandboxNotRunning({ id })
  const running = { layout, id, init: record.init, facts }
  const { command, pidFile, files } = await level.inside(running, argv, io.terminal)
  try {
    return exitOf(await killedOnAbort({ signal, pidFile }, () => runAttached(command, io)), false)
  } finally {
    await Promise.all([pidFile, ...files].map((file) => rm(file, { force: true, recursive: true })))
  }
}

interface Killing {
  readonly signal: AbortSignal
  readonly pidFile: string
  readonly alsoKill?: () => Promise<void>
}

/**
 * Does the work and, when `signal` aborts it, kills the process inside the sandbox that `pidFile` names, with its
 * group: killing the runtime's own process would leave it running.
 */
async function killedOnAbort<Result>(
  { signal, pidFile, alsoKill }: Killing,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  let isOver = false
  const kill = async () => {
    while (!isOver) {
      const pid = Number(await readText(pidFile))
      if (pid > 0) for (const target of [-pid, pid]) killQuietly(target, 'SIGKILL')
      await alsoKill?.().catch(() => undefined) // once more after this, until it is over
      await new Promise((resolve) => setTimeout(resolve, 20)) // the runtime may not have written the file yet
    }
  }
  const onAbort = () => void kill()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await work()
  } finally {
    isOver = true
    signal.removeEventListener('abort', onAbort)
  }
}

function exitOf(end: AttachedEnd, outOfMemory: boolean): Exit {
  return 'code' in end ? exitFrom(end.code, outOfMemory) : { kind: 'signal', signal: 9, outOfMemory }
}
