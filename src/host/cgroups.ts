import { join } from 'node:path'
import { exists, hasCode, mkdir, readdir, readText, writeFile } from './files.ts'
import { killQuietly } from './processes.ts'
import { ownUserNamespace } from './user-namespace.ts'
import { access, constants, rmdir } from 'node:fs/promises'

/** Where the control groups of this host are (cgroups(7)): one tree with version 2, one for each controller with 1. */
export type CgroupFacts =
  | { readonly version: 2; readonly root: string; readonly controllers: ReadonlySet<string> }
  | {
      readonly version: 1
      readonly roots: ReadonlyMap<string, string>
      readonly controllers: ReadonlySet<string>
      /** The additional tree of version 2 of a hybrid host, by which systemd keeps track of its services. */
      readonly unified?: string
    }

/** Reads `/proc/self/mounts`; `controllers` is the content of `cgroup.controllers` where there is one tree. */
export function parseCgroupMounts(mounts: string, controllers: string): CgroupFacts {
  const entries = mounts.split('\n').map((line) => line.split(' '))
  const roots = new Map<string, string>()
  for (const [, path, type, options] of entries) {
    if (type !== 'cgroup' || path === undefined || options === undefined) continue
    for (const option of options.split(',')) if (controllerNames.has(option)) roots.set(option, path)
  }
  // A hybrid host has an additional tree of version 2, but its controllers are attached to those of version 1.
  const unified = entries.find(([, , type]) => type === 'cgroup2')?.[1]
  if (unified !== undefined && roots.size === 0)
    return { version: 2, root: unified, controllers: new Set(controllers.trim().split(/\s+/)) }
  return { version: 1, roots, controllers: new Set(roots.keys()), ...(unified === undefined ? {} : { unified }) }
}

const controllerNames = new Set([
  ...['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids', 'net_cls', 'net_prio'],
  ...['perf_event', 'hugetlb', 'rdma', 'misc', 'name=systemd'],
])

/**
 * An ordinary user's namespace has no control groups to give away (delegated ones are not used yet): what runs there has no
 * limits of that kind, which is told wherever one is asked for.
 */
const none: CgroupFacts = { version: 1, roots: new Map(), controllers: new Set() }

export async function cgroupFacts(): Promise<CgroupFacts> {
  if (!ownUserNamespace.isInitial && !(await mayMakeGroups())) return none
  const [mounts, controllers] = await Promise.all([
    readText('/proc/self/mounts'),
    readText('/sys/fs/cgroup/cgroup.controllers'),
  ])
  return parseCgroupMounts(mounts ?? '', controllers ?? '')
}

/** In a container of a daemon root may make groups; root of an ordinary user's namespace may not. */
async function mayMakeGroups(): Promise<boolean> {
  const mounts = (await readText('/proc/self/mounts')) ?? ''
  const facts = parseCgroupMounts(mounts, '')
  const place = facts.version === 2 ? facts.root : facts.roots.get('memory')
  return place !== undefined && (await isWritable(place))
}

/** The directories of one control group, such as `/berth/taslug-7`: one, or one for each tree. */
export function cgroupDirectories(facts: CgroupFacts, group: string): string[] {
  const roots = facts.version === 2 ? [facts.root] : [...new Set(facts.roots.values()), facts.unified]
  return roots.filter((root) => root !== undefined).map((root) => join(root, group))
}

/**
 * The directories of a group that is new, as far as processes can join it: nobody can join one of version 1's `cpuset`
 * before it has been told its processors (cpuset(7)).
 */
export function joinableDirectories(facts: CgroupFacts, group: string): string[] {
  const cpuset = facts.version === 1 ? facts.roots.get('cpuset') : undefined
  return cgroupDirectories(facts, group).filter((directory) => directory !== `${cpuset}${group}`)
}

/** Names of the groups below `parent`, each once. */
export async function cgroupsBelow(facts: CgroupFacts, parent: string): Promise<string[]> {
  const names = new Set<string>()
  for (const directory of cgroupDirectories(facts, parent))
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(nothingThere))
      if (entry.isDirectory()) names.add(entry.name)
  return [...names]
}

/**
 * Kills what is in a control group until nothing is, then removes it. Nothing there is no error.
 * @throws Error after ten seconds: on a busy host, a thousand processes and their memory take a while to go
 */
export async function removeCgroup(facts: CgroupFacts, group: string): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const left = await Promise.all(cgroupDirectories(facts, group).map(emptyAndRemove))
    if (left.every((done) => done)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`processes in the control group ${group} do not end when killed`)
}

async function emptyAndRemove(directory: string): Promise<boolean> {
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(nothingThere))
    if (entry.isDirectory() && !(await emptyAndRemove(join(directory, entry.name)))) return false
  // Another program that removes it meanwhile makes it ENODEV.
  const members = (await readText(join(directory, 'cgroup.procs')).catch(unlessGone)) ?? ''
  // 0 stands for a process of another pid namespace, which kill(2) would read as "my own group".
  for (const pid of members
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0))
    killQuietly(pid, 'SIGKILL')
  try {
    await rmdir(directory)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true
    if (hasCode(error, 'EBUSY')) return false
    throw error
  }
}

/** How many processes of a control group, and of those below it, the kernel has ended for want of memory. */
export async function outOfMemoryKills(facts: CgroupFacts, group: string): Promise<number> {
  const own = await ownOutOfMemoryKills(facts, group)
  if (facts.version === 2) return own // which counts those below, too
  const below = await readdir(join(facts.roots.get('memory') ?? '/nonexistent', group), { withFileTypes: true })
    .then((entries) => entries.filter((entry) => entry.isDirectory()))
    .catch(() => [])
  const theirs = await Promise.all(below.map(({ name }) => outOfMemoryKills(facts, join(group, name))))
  return theirs.reduce((sum, kills) => sum + kills, own)
}

async function ownOutOfMemoryKills(facts: CgroupFacts, group: string): Promise<number> {
  const file =
    facts.version === 2
      ? join(facts.root, group, 'memory.events')
      : join(facts.roots.get('memory') ?? '/nonexistent', group, 'memory.oom_control')
  const text = (await readText(file).catch(() => undefined)) ?? ''
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** Whether the kernel counts swap, without which a limit on it is refused. */
export async function countsSwap(facts: CgroupFacts): Promise<boolean> {
  if (facts.version === 1)
    return exists(join(facts.roots.get('memory') ?? '/nonexistent', 'memory.memsw.limit_in_bytes'))
  const groups = await readdir(facts.root, { withFileTypes: true })
  const child = groups.find((entry) => entry.isDirectory())
  return child !== undefined && exists(join(facts.root, child.name, 'memory.swap.max'))
}

/** Whether the speed of block devices can be bounded: by the controller `blkio` of version 1, `io` of version 2. */
export function canBoundIo({ controllers }: CgroupFacts): boolean {
  return controllers.has('blkio') || controllers.has('io')
}

/**
 * Moves a process out of the control group of the service that started it, so that stopping or restarting that
 * service (systemd's KillMode=control-group) does not end it. Does nothing where berth is in no such group.
 */
export async function leaveServiceGroup(facts: CgroupFacts, group: string, pid: number): Promise<void> {
  const own = (await readText('/proc/self/cgroup')) ?? ''
  for (const { root, entry } of serviceTrees(facts)) {
    const service = entry.exec(own)?.[1]
    if (service === undefined || service === '/') continue
    const directory = join(root, group)
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, 'cgroup.procs'), String(pid)).catch((error: unknown) => {
      if (!hasCode(error, 'ESRCH')) throw error // it has ended already
    })
  }
}

/** The trees by which systemd knows what belongs to a service, with the line of `/proc/self/cgroup` for each. */
function serviceTrees(facts: CgroupFacts): { root: string; entry: RegExp }[] {
  const versionTwo = facts.version === 2 ? facts.root : facts.unified
  const systemd = facts.version === 2 ? undefined : facts.roots.get('name=systemd')
  return [
    ...(versionTwo === undefined ? [] : [{ root: versionTwo, entry: /^0::(.+)$/m }]),
    ...(systemd === undefined ? [] : [{ root: systemd, entry: /^\d+:name=systemd:(.+)$/m }]),
  ]
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}

function unlessGone(error: unknown): undefined {
  if (!hasCode(error, 'ENODEV')) throw error
}

function nothingThere(error: unknown): [] {
  if (hasCode(error, 'ENOENT')) return []
  throw error
}
