import { runAttached, type AttachedEnd } from '../../host/attached.ts'
import { readText, rm, writeFile } from '../../host/files.ts'
import type { Instance } from '../../host/instance.ts'
import { isAlive, killQuietly } from '../../host/processes.ts'
import { outOfMemoryKills } from '../../host/cgroups.ts'
import { sandboxNotRunning } from '../../model/problems/isolation.ts'
import type { Exit, SandboxSpec } from '../../model/sandbox.ts'
import type { HostFacts } from './facts.ts'
import { type Layout, layoutOf } from './layout.ts'
import { exitFrom, readRecord } from './record.ts'
import { terminalPart } from '../levels/container/spec.ts'
import { prepareBundle, runtime } from './start.ts'
import type { CommandIo, TerminalSize } from '../isolator.ts'

/**
 * Runs a command in a sandbox of its own, to its end. The caller removes the sandbox.
 * @throws Error when the sandbox cannot be made.
 */
export async function runContainer(
  instance: Instance,
  spec: SandboxSpec,
  { facts, io, signal }: { readonly facts: HostFacts; readonly io: CommandIo; readonly signal: AbortSignal },
): Promise<Exit> {
  const layout = layoutOf(instance, spec.id)
  await prepareBundle(layout, spec, facts, io.terminal)
  // Kept after its end, so that its control group can still tell whether memory ran out.
  const argv = runtime(layout, 'run', '--keep', '--bundle', layout.bundle, '--pid-file', layout.pidFile, spec.id)
  const end = await killedOnAbort(signal, layout.pidFile, () => runAttached(argv, io))
  return exitOf(end, (await outOfMemoryKills(facts.cgroups, layout.cgroup)) > 0)
}

/**
 * Runs a command inside a running sandbox: as its application's user, with its environment and its walls, which the
 * runtime takes from the sandbox's own specification.
 * @throws Problem `sandbox-not-running`
 */
export async function execInContainer(
  layout: Layout,
  id: string,
  { argv, io, signal }: { readonly argv: readonly string[]; readonly io: CommandIo; readonly signal: AbortSignal },
): Promise<Exit> {
  const record = await readRecord(layout)
  if (!record || !(await isAlive(record.init))) throw sandboxNotRunning({ id })
  const name = `${layout.bundle}/exec-${process.pid}-${(execCounter += 1)}`
  const [pidFile, processFile] = [`${name}.pid`, `${name}.json`]
  try {
    await writeFile(processFile, JSON.stringify(await processOf(layout, argv, io.terminal)), { mode: 0o600 })
    const command = runtime(layout, 'exec', '--pid-file', pidFile, '--process', processFile, id)
    return exitOf(await killedOnAbort(signal, pidFile, () => runAttached(command, io)), false)
  } finally {
    await Promise.all([pidFile, processFile].map((file) => rm(file, { force: true })))
  }
}
let execCounter = 0

/** The application's own process, as its specification has it, with another command line. */
async function processOf(layout: Layout, argv: readonly string[], terminal?: TerminalSize): Promise<object> {
  // Written by berth itself when the sandbox was made.
  const config = JSON.parse((await readText(layout.config)) ?? '') as { process: object }
  return { ...config.process, ...terminalPart(terminal), args: argv }
}

/**
 * Does the work and, when `signal` aborts it, kills the process inside the sandbox that `pidFile` names, with its
 * group: killing the runtime's own process would leave it running.
 */
async function killedOnAbort<Result>(
  signal: AbortSignal,
  pidFile: string,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  let isOver = false
  const kill = async () => {
    while (!isOver) {
      const pid = Number(await readText(pidFile))
      if (pid > 0) for (const target of [-pid, pid]) killQuietly(target, 'SIGKILL')
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
