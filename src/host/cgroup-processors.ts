import { dirname, join } from 'node:path'
import type { CgroupFacts } from './cgroups.ts'
import { readText, writeFile } from './files.ts'

/** Seconds of processor time that the processes of a group have taken so far; undefined when there is no such group. */
export async function processorSeconds(facts: CgroupFacts, group: string): Promise<number | undefined> {
  if (facts.version === 2) {
    const text = await read(join(facts.root, group, 'cpu.stat'))
    const used = /^usage_usec (\d+)$/m.exec(text ?? '')?.[1]
    return used === undefined ? undefined : Number(used) / 1e6
  }
  const text = await read(join(facts.roots.get('cpuacct') ?? '/nonexistent', group, 'cpuacct.usage'))
  return text === undefined ? undefined : Number(text) / 1e9
}

/** How much of the processors a group may take, such as 0.5; undefined where nothing limits it. */
export async function processorQuota(facts: CgroupFacts, group: string): Promise<number | undefined> {
  if (facts.version === 2) return quotaOf(await read(join(facts.root, group, 'cpu.max')))
  const at = (name: string) => read(join(facts.roots.get('cpu') ?? '/nonexistent', group, name))
  const [quota, period] = await Promise.all([at('cpu.cfs_quota_us'), at('cpu.cfs_period_us')])
  return quotaOf(`${quota} ${period}`)
}

/** `50000 100000` is half a processor; `max 100000` and `-1 100000` are no limit. */
function quotaOf(text: string | undefined): number | undefined {
  const [, quota, period] = /^(\d+)\s+(\d+)\s*$/.exec(text ?? '') ?? []
  return quota === undefined ? undefined : Number(quota) / Number(period)
}

/** The processors that a group may be given, as in `0-3,5`: those of the group above it. */
export async function processorsAbove(facts: CgroupFacts, group: string): Promise<string> {
  const name = facts.version === 2 ? 'cpuset.cpus.effective' : 'cpuset.effective_cpus'
  return ((await read(join(cpusetRoot(facts), dirname(group), name))) ?? '').trim()
}

/**
 * Lets the processes of a group run on these processors only.
 * @throws Error where the kernel refuses: a group of version 1 whose groups below have more
 */
export async function setProcessors(facts: CgroupFacts, group: string, processors: readonly number[]): Promise<void> {
  if (processors.length === 0) return // this host does not let them be chosen
  await writeFile(join(cpusetRoot(facts), group, 'cpuset.cpus'), processors.join(','), { flag: 'r+' })
}

function cpusetRoot(facts: CgroupFacts): string {
  return facts.version === 2 ? facts.root : (facts.roots.get('cpuset') ?? '/nonexistent')
}

/** A group that ends while it is read is none. */
async function read(path: string): Promise<string | undefined> {
  return readText(path).catch(() => undefined)
}
