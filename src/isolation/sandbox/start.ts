import { dirname } from 'node:path'
import { leaveServiceGroup } from '../../host/cgroups.ts'
import { CommandFailed, runCommand } from '../../host/command.ts'
import { mkdir, readText } from '../../host/files.ts'
import type { Instance } from '../../host/instance.ts'
import { mountLayers } from '../../host/mounts.ts'
import { connectNetwork, redirectPort } from '../../host/network.ts'
import { giveOutput } from '../../host/own-output.ts'
import { identify, type ProcessIdentity } from '../../host/processes.ts'
import { appUid, type SandboxSpec } from '../../model/sandbox.ts'
import type { StartHooks } from '../isolator.ts'
import type { Bundle, Level } from '../level.ts'
import { ensureFence } from './fence.ts'
import { companionGroup } from './layout.ts'
import { createUnderMonitor } from './monitor.ts'
import { writeRecord } from './record.ts'
import { writeScaffold } from './root-files.ts'
import { together } from './together.ts'
import { takeVolumes } from './volumes.ts'

/** What runs when a sandbox has been started: its process 1, seen from the host, and the monitor that holds it. */
export interface StartedSandbox {
  readonly init: ProcessIdentity
  readonly monitor: ProcessIdentity
}

/**
 * Makes a sandbox and starts its application under a monitor that survives this process.
 * What does not depend on each other runs side by side: a start takes little more than the runtime's own two calls.
 * @throws Error when any part fails; the caller removes what there is.
 */
export async function startSandbox(level: Level, bundle: Bundle, hooks: StartHooks = {}): Promise<StartedSandbox> {
  const { instance, layout, spec, facts } = bundle
  await prepareBundle(level, bundle)
  const [created] = await together([
    createUnderMonitor(level, layout, spec),
    spec.link ? ensureFence(instance) : Promise.resolve(),
  ])
  const pid = level.firstProcess ? await level.firstProcess(bundle, created) : created
  const monitorPid = Number(await readText(layout.monitorPidFile))
  const [init, monitor] = await together([
    identify(pid),
    identify(monitorPid),
    level.settle?.(bundle, pid) ?? Promise.resolve(),
    giveOutput(pid, spec.idBase + appUid),
    level.networkProcess ? Promise.resolve() : connect(instance, pid, spec),
    leaveServiceGroup(facts.cgroups, companionGroup(instance), monitorPid),
  ])
  if (!init || !monitor) throw new Error('the runtime ended before the application was started')
  await hooks.beforeStart?.(pid)
  await runCommand([...level.runtime(layout), 'start', spec.id])
  if (level.networkProcess) await connect(instance, await level.networkProcess(bundle, pid), spec)
  const { id, logFile, stopSignal } = spec
  await writeRecord(layout, { id, level: level.name, init, monitor, logFile, stopSignal })
  return { init, monitor }
}

/** Makes the bundle of a sandbox: its root file system, mounted, and its specification, readable by root only. */
export async function prepareBundle(level: Level, bundle: Bundle): Promise<void> {
  const { instance, layout, spec } = bundle
  await together([
    ...[layout.scaffold, layout.links, layout.persist, layout.exits, layout.runtimeRoot, dirname(spec.logFile)].map(
      (path) => mkdir(path, { recursive: true, mode: 0o755 }),
    ),
  ])
  const volumeDevices = level.attachesVolumes ? [] : await takeVolumes(instance, layout, spec)
  await together([level.prepare(bundle, volumeDevices), mountRoot(level, bundle)])
}

async function mountRoot(level: Level, { layout, spec, facts }: Bundle): Promise<void> {
  await writeScaffold(spec, await level.uidInside(spec, facts), layout.scaffold)
  await mountLayers([...spec.layers, layout.scaffold], layout.root, layout.links)
}

async function connect(instance: Instance, pid: number, { id, link, network, port }: SandboxSpec): Promise<void> {
  if (!link) return
  await together([
    connectNetwork(instance, { id, pid, pair: link, network }),
    port === 80 ? Promise.resolve() : redirectPort(pid, port),
  ])
}

/** The runtime's own words, without its log format: `level=error msg="…"`. */
export function reasonOf(error: unknown): string {
  const text = error instanceof CommandFailed ? error.stderr.trim() || error.message : String(error)
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  return (message ?? text.replace(/^Error: /, '')).replaceAll('\\"', '"')
}
