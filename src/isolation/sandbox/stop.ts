import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeCgroup } from '../../host/cgroups.ts'
import { runCommand } from '../../host/command.ts'
import { exists, readText, removeTree } from '../../host/files.ts'
import type { Instance } from '../../host/instance.ts'
import { unmountBelow } from '../../host/mounts.ts'
import { removeInterfaces } from '../../host/network.ts'
import { identify, isAlive, type ProcessIdentity, sendSignal, waitForEnd } from '../../host/processes.ts'
import { signalNumber, standardStopSignal } from '../../model/stop-signal.ts'
import type { Level } from '../level.ts'
import type { HostFacts } from './facts.ts'
import { endWait } from './hold.ts'
import { type Layout, layoutOf } from './layout.ts'
import { readRecord } from './record.ts'
import { leaveVolumes } from './volumes.ts'

/** Asks the application to end, and waits until it has or the grace is over. */
export async function endGracefully(
  level: Level,
  {
    layout,
    facts,
    graceSeconds,
  }: { readonly layout: Layout; readonly facts: HostFacts; readonly graceSeconds: number },
): Promise<void> {
  const record = await readRecord(layout)
  if (!record) return
  const { id, init, stopSignal = standardStopSignal } = record
  const signal = signalNumber(stopSignal) ?? constants.signals.SIGTERM
  if (level.terminate) await level.terminate({ layout, id, init, facts }, signal)
  else await terminateInit(init, signal)
  await waitForEnd(init, graceSeconds * 1000)
}

async function terminateInit(init: ProcessIdentity, signal: number): Promise<void> {
  await untilSignalsPass(init)
  await sendSignal(init, signal)
}

/**
 * Waits until tini, which may just have been started, is ready to hand signals on: as process 1 it would not even
 * notice one before. It holds them blocked, to take them one by one, and after that ignores SIGTTIN, which can be seen.
 */
export async function untilSignalsPass({ pid }: ProcessIdentity): Promise<void> {
  const sigttin = 1n << 20n
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const status = (await readText(`/proc/${pid}/status`).catch(() => undefined)) ?? ''
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1]
    if (ignored === undefined || (BigInt(`0x${ignored}`) & sigttin) !== 0n) return
    await sleep(10)
  }
}

/** Removes every trace of a sandbox, whatever there is of it: running, ended or half-made. */
export async function removeSandbox(
  instance: Instance,
  level: Level,
  { id, facts }: { readonly id: string; readonly facts: HostFacts },
): Promise<void> {
  const layout = layoutOf(instance, id)
  await endWait(layout)
  if (await exists(layout.runtimeState))
    await runCommand([...level.runtime(layout), 'delete', '--force', id], { allowCodes: [0, 1] })
  await level.remove?.(layout, id)
  await removeCgroup(facts.cgroups, layout.cgroup)
  await endMonitor(layout)
  await Promise.all([unmountBelow(layout.bundle), removeInterfaces(instance, id)])
  await leaveVolumes(instance, id)
  await Promise.all([layout.runtimeState, layout.bundle, layout.exitFile].map(removeTree))
}

/** The monitor ends by itself once it has written the exit code; one that waits for a sandbox never made does not. */
async function endMonitor(layout: Layout): Promise<void> {
  const record = await readRecord(layout)
  const monitor = record?.monitor ?? (await identify(Number(await readText(layout.monitorPidFile))))
  if (!monitor) return
  // Without a record the id may have been given to another process since.
  const commandLine = (await readText(`/proc/${monitor.pid}/cmdline`).catch(() => '')) ?? ''
  if (!commandLine.includes(layout.bundle)) return
  // It may still have the application's last lines to write, and stand still as long as its host does.
  if (await waitForEnd(monitor, record ? 10_000 : 500)) return
  await sendSignal(monitor, 'SIGKILL')
  while (await isAlive(monitor)) await sleep(5)
}
