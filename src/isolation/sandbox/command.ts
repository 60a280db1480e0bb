import { runAttached, type AttachedEnd } from '../../host/attached.ts'
import { removeCgroup } from '../../host/cgroups.ts'
import { readText, rm } from '../../host/files.ts'
import { isAlive, killQuietly } from '../../host/processes.ts'
import { sandboxNotRunning } from '../../model/problems/isolation.ts'
import type { Exit } from '../../model/sandbox.ts'
import type { CommandIo } from '../isolator.ts'
import type { Bundle, Level } from '../level.ts'
import type { HostFacts } from './facts.ts'
import { ensureFence } from './fence.ts'
import { hold, letGo } from './hold.ts'
import type { Layout } from './layout.ts'
import { exitFrom, lackedMemory, readRecord } from './record.ts'
import { prepareBundle } from './start.ts'
import { together } from './together.ts'

/**
 * Runs a command in a sandbox of its own, to its end. The caller removes the sandbox.
 * @throws Error when the sandbox cannot be made.
 */
export async function runSandbox(
  level: Level,
  made: Bundle,
  { io, signal }: { readonly io: CommandIo; readonly signal: AbortSignal },
): Promise<Exit> {
  const bundle = { ...made, waits: made.spec.link !== undefined }
  const { instance, layout, spec, facts } = bundle
  await together([prepareBundle(level, bundle), spec.link ? ensureFence(instance) : Promise.resolve()])
  const held = await hold(level, bundle)
  // Kept after its end, so that its control group can still tell whether memory ran out.
  const options = level.runOptions?.(layout) ?? ['--keep']
  const verb = ['run', ...options, '--bundle', layout.bundle, '--pid-file', layout.pidFile, spec.id] as const
  // What a program beside the sandbox has begun does not end with that program, and holds its output open.
  const alsoKill = () => (level.firstProcess ? removeCgroup(facts.cgroups, layout.cgroup) : Promise.resolve())
  try {
    const end = await killedOnAbort({ signal, pidFile: layout.pidFile, alsoKill }, () => {
      const run = runAttached([...level.runtime(layout), ...verb], io)
      return held ? letGo(held, { level, bundle, run, signal }) : run
    })
    return exitOf(end, await lackedMemory(layout, facts.cgroups))
  } finally {
    await held?.close()
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
