import { dirname, join } from 'node:path'
import { type CgroupFacts, joinableDirectories } from './cgroups.ts'
import { mkdir, writeFile } from './files.ts'

/**
 * Limits of a control group, written by berth itself: for levels whose program does not do it (systemd-nspawn without
 * systemd, LXC with version 2, QEMU). runc and its like write the same for theirs.
 */
export interface GroupLimits {
  /** Memory and swap together. */
  readonly memoryBytes: number
  /** Processors' worth of time, such as 0.5. */
  readonly cpus: number
  /** Threads count, as the kernel's `pids` controller counts them. */
  readonly pids: number
  /** What may be read and written of block devices, named `major:minor`, each second; nothing where the kernel can not. */
  readonly io?: { readonly devices: readonly string[]; readonly bytesPerSecond: number }
}

/** A file of a control group and what goes into it. */
export interface GroupSetting {
  readonly file: string
  readonly value: string
}

/**
 * Makes a control group and sets its limits; a group that is there already gets new ones.
 * @param group from the root of each tree, such as `/berth/sandbox-taslug-7`
 * @param countsSwap `countsSwap()` of this host: without it there is no limit on swap to be set
 * @throws Error, which names the file, where the kernel refuses a limit: a controller that is off, or a parent group
 *   that has processes of its own (cgroups(7), "no internal processes")
 */
export async function makeLimitedGroup(
  facts: CgroupFacts,
  group: string,
  limits: GroupLimits & { readonly countsSwap: boolean },
): Promise<void> {
  await Promise.all(joinableDirectories(facts, group).map((directory) => mkdir(directory, { recursive: true })))
  // One after the other: a controller is there in a group once its parent hands it down, and memory's two have an order.
  for (const { file, value } of [...controllersFor(facts, group), ...limitSettings(facts, group, limits)])
    await writeFile(file, value)
}

/** What hands the controllers down to a group from the root of the tree; nothing with version 1, where all have all. */
export function controllersFor(facts: CgroupFacts, group: string): GroupSetting[] {
  if (facts.version === 1) return []
  const ancestors: string[] = []
  for (let path = dirname(group); ; path = dirname(path)) {
    ancestors.unshift(path)
    if (path === '/') break
  }
  const value = `+cpu +memory +pids${facts.controllers.has('io') ? ' +io' : ''}`
  return ancestors.map((path) => ({ file: join(facts.root, path, 'cgroup.subtree_control'), value }))
}

/** The files of a group that hold it to its limits, in the order in which they have to be written. */
export function limitSettings(
  facts: CgroupFacts,
  group: string,
  { memoryBytes, cpus, pids, io, countsSwap }: GroupLimits & { readonly countsSwap: boolean },
): GroupSetting[] {
  const quota = Math.max(shortestQuota, Math.round(cpus * period))
  const [memory, processes] = [String(memoryBytes), String(pids)]
  if (facts.version === 2) {
    const at = (name: string) => join(facts.root, group, name)
    return [
      { file: at('memory.max'), value: memory },
      ...(countsSwap ? [{ file: at('memory.swap.max'), value: '0' }] : []),
      // One process killed alone may leave an application half alive; version 1 has no such switch.
      { file: at('memory.oom.group'), value: '1' },
      { file: at('pids.max'), value: processes },
      { file: at('cpu.max'), value: `${quota} ${period}` },
      ...(facts.controllers.has('io') ? bounds(io, (rate) => `rbps=${rate} wbps=${rate}`) : []).map((value) => ({
        file: at('io.max'),
        value,
      })),
    ]
  }
  const at = (controller: string, name: string) =>
    join(facts.roots.get(controller) ?? '/nonexistent', group, `${controller}.${name}`)
  return [
    { file: at('memory', 'limit_in_bytes'), value: memory },
    // Together they may not be less than memory alone, so it comes second.
    ...(countsSwap ? [{ file: at('memory', 'memsw.limit_in_bytes'), value: memory }] : []),
    { file: at('pids', 'max'), value: processes },
    { file: at('cpu', 'cfs_period_us'), value: String(period) },
    { file: at('cpu', 'cfs_quota_us'), value: String(quota) },
    ...(facts.controllers.has('blkio') ? bounds(io, String) : []).flatMap((value) =>
      ['read', 'write'].map((way) => ({ file: at('blkio', `throttle.${way}_bps_device`), value })),
    ),
  ]
}

/** One text a device: the kernel takes one with each write. */
function bounds(io: GroupLimits['io'], rateOf: (bytesPerSecond: number) => string): string[] {
  return io ? io.devices.map((device) => `${device} ${rateOf(io.bytesPerSecond)}`) : []
}

/** Microseconds: the kernel's own period, and the shortest quota that it takes. */
const [period, shortestQuota] = [100_000, 1_000]
