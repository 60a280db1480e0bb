import { join } from 'node:path'
import type { AttachedEnd } from '../../host/attached.ts'
import { removeCgroup } from '../../host/cgroups.ts'
import { runCommand } from '../../host/command.ts'
import { readText, writeFile } from '../../host/files.ts'
import { closeGate, makeGate } from '../../host/gate.ts'
import { connectNetwork } from '../../host/network.ts'
import { killQuietly } from '../../host/processes.ts'
import type { Bundle, Level } from '../level.ts'
import type { Layout } from './layout.ts'
import { together } from './together.ts'

/** How the command of a one-off sandbox waits until its walls are complete and its network is connected. */

/** A sandbox whose command is going to wait. */
export interface Held {
  /** Where the process id appears that tells which sandbox waits. */
  readonly pidFile: string
  letGo(): Promise<void>
  /**
   * Ends it without having begun.
   * @param pid what `pidFile` says
   */
  giveUp(pid: number): Promise<void>
  /** To be called when it has ended. */
  close(): Promise<void>
}

/** Has a prepared sandbox wait; nothing where there is nothing to wait for. */
export async function hold(level: Level, { layout, spec, facts, waits }: Bundle): Promise<Held | undefined> {
  if (level.waitsInHook && (waits || level.settle)) return holdInHook(layout)
  if (!waits && !level.firstProcess) return undefined
  return {
    pidFile: layout.pidFile,
    letGo: async () => {
      await runCommand([...level.runtime(layout), 'start', spec.id])
    },
    giveUp: async (pid) => {
      killQuietly(pid, 'SIGKILL')
      // What a program beside the sandbox has begun does not end with that program.
      if (level.firstProcess) await removeCgroup(facts.cgroups, layout.cgroup)
    },
    close: () => Promise.resolve(),
  }
}

/**
 * An OCI runtime that runs a command at once waits for its hooks before that: when the namespaces are there, and nothing
 * of the application's runs. (Between its `create` and `start` it could be held as well, but then nobody who can wait for
 * the command's end is left.)
 */
async function holdInHook(layout: Layout): Promise<Held> {
  const [pidFile, gateFile] = [join(layout.bundle, 'held'), gateOf(layout)]
  // Written by berth itself a moment ago.
  const config = JSON.parse((await readText(layout.config)) ?? '') as { hooks?: { prestart?: object[] } }
  const env = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin']
  const hook = { path: '/bin/sh', args: ['sh', '-ec', waitAtGate, 'sh', pidFile, gateFile], env, timeout: longestWait }
  const prestart = [...(config.hooks?.prestart ?? []), hook]
  await writeFile(layout.config, JSON.stringify({ ...config, hooks: { ...config.hooks, prestart } }), { mode: 0o600 })
  const gate = await makeGate(gateFile)
  // The runtime ends the sandbox itself when a hook fails. (crun misses the end of a hook that ends while the sandbox does.)
  return { pidFile, letGo: () => gate.letGo(), giveUp: () => gate.close(), close: () => gate.close() }
}

function gateOf(layout: Layout): string {
  return join(layout.bundle, 'gate')
}

/** Ends the wait of a sandbox whose berth was killed: its runtime and the hook are in no control group of its own. */
export async function endWait(layout: Layout): Promise<void> {
  await closeGate(gateOf(layout))
}

/** Seconds; the gate closes when berth is killed, but for a hook that comes to it only then, until its sandbox is removed. */
const longestWait = 120

/** A hook reads the state of its container, which is JSON with the process that waits to be the command's. */
const waitAtGate = `state=$(cat)
pid=\${state#*'"pid":'}
pid=\${pid#"\${pid%%[0-9]*}"}
echo "\${pid%%[!0-9]*}" > "$1"
read -r word < "$2"
[ "$word" = go ]`

/**
 * Completes what a held command waits for, and lets it begin.
 * @param run ends when the sandbox has
 * @throws Error when that fails; the sandbox has ended then
 */
export async function letGo<End extends AttachedEnd>(
  held: Held,
  work: { readonly level: Level; readonly bundle: Bundle; readonly run: Promise<End>; readonly signal: AbortSignal },
): Promise<End> {
  const { level, bundle, run, signal } = work
  let isOver = false
  const end = run.finally(() => (isOver = true))
  end.catch(() => undefined) // it is awaited below
  const supervisor = await pidIn(held.pidFile, () => isOver)
  if (supervisor === undefined) return end
  try {
    const pid = (await level.firstProcess?.(bundle, supervisor)) ?? supervisor
    await together([level.settle?.(bundle, pid) ?? Promise.resolve(), connect(bundle, pid)])
    signal.throwIfAborted()
    await held.letGo()
  } catch (error) {
    await held.giveUp(supervisor)
    const ended = await end
    if (!signal.aborted) throw error
    return ended
  }
  return end
}

/** Nobody comes in by it, so nothing leads to the port that the application would listen on. */
async function connect({ instance, spec }: Bundle, pid: number): Promise<void> {
  const { id, link, network } = spec
  if (link) await connectNetwork(instance, { id, pid, pair: link, network })
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
