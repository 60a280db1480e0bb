import { cgroupsBelow } from '../../host/cgroups.ts'
import { hasCode, readdir } from '../../host/files.ts'
import { type Instance, pathsOf } from '../../host/instance.ts'
import { sandboxInterfaces } from '../../host/network.ts'
import { isAlive } from '../../host/processes.ts'
import type { Found } from '../../model/sandbox.ts'
import type { HostFacts } from './facts.ts'
import { layoutOf, sandboxOfGroup } from './layout.ts'
import { isClaimed, readExit, readRecord } from './record.ts'

/** Finds every sandbox of an instance by the traces it has left, without asking the runtime. */
export async function findSandboxes(instance: Instance, facts: HostFacts): Promise<Found[]> {
  const found = await Promise.all((await tracedIds(instance, facts)).map((id) => examine(instance, id, facts)))
  return found.filter((sandbox) => sandbox !== undefined)
}

async function tracedIds(instance: Instance, { cgroups }: HostFacts): Promise<string[]> {
  const { runtimeRoot, exits } = layoutOf(instance, '')
  const traces = await Promise.all([
    namesIn(pathsOf(instance).sandboxes),
    namesIn(runtimeRoot),
    namesIn(exits),
    sandboxInterfaces(instance).then((interfaces) => interfaces.map(({ id }) => id)),
    cgroupsBelow(cgroups, `/${instance.name}`).then((names) => names.map((name) => sandboxOfGroup(name) ?? '')),
  ])
  return [...new Set(traces.flat())].filter((id) => id !== '').sort()
}

/** Gives undefined for a sandbox that a living berth is making or removing right now. */
async function examine(instance: Instance, id: string, { cgroups }: HostFacts): Promise<Found | undefined> {
  const layout = layoutOf(instance, id)
  if (await isClaimed(layout)) return undefined
  const record = await readRecord(layout)
  if (!record) return { id, state: 'debris' }
  const isWatched = await isAlive(record.monitor)
  // Looked at after the monitor: one that has just ended has written the exit code before.
  const exit = await readExit(layout, cgroups)
  if (exit) return { id, state: 'ended', exit }
  if (!isWatched) return { id, state: 'ended', exit: { kind: 'unknown' } }
  return { id, state: 'running', pid: record.init.pid, monitorPid: record.monitor.pid }
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
}
