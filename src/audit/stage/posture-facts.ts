import { cgroupFacts, type CgroupFacts } from '../../host/cgroups.ts'
import { readdir, readlink, readText } from '../../host/files.ts'
import { isSameFile, mountsOf } from '../../host/process-facts.ts'
import type { PostureReport } from '../../model/audit.ts'
import { levelFacts, type LevelName } from '../../model/levels.ts'
import { levelPromises } from '../../model/promises.ts'
import type { SandboxSpec } from '../../model/sandbox.ts'
import type { SeenMount } from '../mount-posture.ts'
import { comparePosture, type GroupFacts, type PostureFacts, type ThreadFacts, type WantedPosture } from '../posture.ts'
import { commandLine } from './processes.ts'

type ExaminedSpec = Pick<SandboxSpec, 'level' | 'idBase' | 'limits' | 'volumes'>

/**
 * Looks at every thread of every process of a sandbox, and holds it against what the level was asked for.
 * @param more what is known of the host beside that
 */
export async function examinePosture(
  spec: ExaminedSpec,
  pid: number,
  more: Partial<WantedPosture> = {},
): Promise<PostureReport> {
  const facts = await gather(pid, spec.volumes)
  const { drift, unreported } = comparePosture(facts, { ...(await wantedOf(spec)), ...more })
  return {
    column: spec.level,
    processes: new Set(facts.threads.map((thread) => thread.pid)).size,
    threads: facts.threads.length,
    drift: [...drift],
    unreported: [...unreported],
  }
}

const kinds = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'user']

/** What each level promises of its processes; a level with a kernel of its own has none of the application's on the host. */
async function wantedOf({ level, idBase, limits, volumes }: ExaminedSpec): Promise<WantedPosture> {
  const isSealed = level === 'container'
  const hostNamespaces = await namespacesOf(process.pid)
  const { memoryBytes, pids, cpus } = limits
  return {
    ids: { first: idBase, count: 65_536 },
    ...(isSealed ? { capabilities: 0n, isFiltered: () => true } : {}),
    ownNamespaces: isSealed ? kinds : [],
    hostNamespaces,
    ...mountsPart(level, volumes),
    // Below chroot there are limits of processes at most, which are no matter of control groups.
    limits: levelFacts[level].isUnsafe ? {} : { memoryBytes, pids, cpus },
  }
}

function mountsPart(level: LevelName, volumes: SandboxSpec['volumes']): Pick<WantedPosture, 'mounts'> {
  const { ownRoot, seenFromHost, readOnlyRoot, nothingDroppedRuns } = levelPromises[level]
  return ownRoot && seenFromHost
    ? { mounts: { readOnlyRoot, nothingDroppedRuns, volumes: volumes.map(({ source }) => source) } }
    : {}
}

async function gather(pid: number, volumes: SandboxSpec['volumes']): Promise<PostureFacts> {
  const [threads, mounts, group] = await Promise.all([
    familyBelow(pid).then(async (family) => (await Promise.all(family.map(threadsOf))).flat()),
    mountsSeenBy(pid, volumes),
    cgroupFacts().then(async (facts) => groupOf(pid, facts)),
  ])
  return { threads, mounts, group }
}

/** A volume is known by what it is, not by where it is: an image may have a link at the place that was asked for. */
async function mountsSeenBy(pid: number, volumes: SandboxSpec['volumes']): Promise<SeenMount[]> {
  const mounts = await mountsOf(pid).catch(() => [])
  const volumeAt = async (point: string) => {
    const sames = await Promise.all(volumes.map(({ source }) => isSameFile(source, `/proc/${pid}/root${point}`)))
    return volumes[sames.indexOf(true)]?.source
  }
  return Promise.all(mounts.map(async (mount) => ({ ...mount, volume: await volumeAt(mount.point) })))
}

/** By what each thread says of its children: reading all processes of a host takes too long for what is asked often. */
async function familyBelow(pid: number): Promise<number[]> {
  const tids = await readdir(`/proc/${pid}/task`).catch(() => [])
  const texts = await Promise.all(
    tids.map((tid) => readText(`/proc/${pid}/task/${tid}/children`).catch(() => undefined)),
  )
  const children = texts.flatMap((text) => (text ?? '').split(' ').map(Number).filter(Boolean))
  return [pid, ...(await Promise.all(children.map(familyBelow))).flat()]
}

/** One that ends meanwhile is left out. */
async function threadsOf(pid: number): Promise<ThreadFacts[]> {
  const command = (await commandLine(pid)).slice(0, 60).trim()
  const tids = await readdir(`/proc/${pid}/task`).catch(() => [])
  const found = await Promise.all(
    tids.map(async (tid): Promise<ThreadFacts[]> => {
      const folder = `/proc/${pid}/task/${tid}`
      const status = await readText(`${folder}/status`).catch(() => undefined)
      if (status === undefined || /^State:\s+[ZX]/m.test(status)) return []
      const [namespaces, idMap, descriptors] = await Promise.all([
        namespacesOf(`${pid}/task/${tid}`),
        readText(`/proc/${pid}/uid_map`).catch(() => undefined),
        linksIn(`${folder}/fd`),
      ])
      const map = (idMap ?? '')
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '')
        .map(Number)
      return [{ pid, tid: Number(tid), command, status: linesOf(status), namespaces, idMap: map, descriptors }]
    }),
  )
  return found.flat()
}

function linesOf(status: string): ReadonlyMap<string, string> {
  return new Map(
    status.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]]
    }),
  )
}

async function namespacesOf(process: number | string): Promise<ReadonlyMap<string, string>> {
  return linksIn(`/proc/${process}/ns`)
}

async function linksIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    names.map(async (name): Promise<[string, string][]> => {
      const target = await readlink(`${folder}/${name}`).catch(() => undefined)
      return target === undefined ? [] : [[name, target]]
    }),
  )
  return new Map(found.flat())
}

async function groupOf(pid: number, facts: CgroupFacts): Promise<GroupFacts> {
  const lines = ((await readText(`/proc/${pid}/cgroup`).catch(() => '')) ?? '')
    .split('\n')
    .map((line) => line.split(':'))
  const read = async (controller: string, file: string) => {
    const isTwo = facts.version === 2
    const root = isTwo ? facts.root : facts.roots.get(controller)
    const path = lines.find(([number, names]) => (isTwo ? number === '0' : names?.split(',').includes(controller)))?.[2]
    if (root === undefined || path === undefined) return undefined
    return (await readText(`${root}${path}/${file}`).catch(() => undefined))?.trim()
  }
  const isTwo = facts.version === 2
  const [memory, pids, quota, period] = await Promise.all([
    read('memory', isTwo ? 'memory.max' : 'memory.limit_in_bytes'),
    read('pids', 'pids.max'),
    read('cpu', isTwo ? 'cpu.max' : 'cpu.cfs_quota_us'),
    read('cpu', 'cpu.cfs_period_us'),
  ])
  const [share, of] = isTwo ? (quota ?? '').split(' ') : [quota, period]
  return { memoryBytes: numberFrom(memory), pids: numberFrom(pids), cpus: ratioFrom(share, of) }
}

/** `max` and -1 stand for no limit. */
function numberFrom(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  return text === 'max' ? Infinity : Number(text)
}

function ratioFrom(share: string | undefined, of: string | undefined): number | undefined {
  const [part, whole] = [numberFrom(share), numberFrom(of)]
  if (part === undefined || whole === undefined) return undefined
  return part < 0 ? Infinity : part / whole
}
