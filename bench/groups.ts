import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cgroupDirectories, cgroupFacts, removeCgroup, type CgroupFacts } from '../src/host/cgroups.ts'

/**
 * The control groups of one side of the comparison. Whatever it starts stays in them, so that the kernel counts its
 * processor time, that of processes which have ended too, and its processes can be listed.
 */
export interface Group {
  /** Path such as `/berth-bench-1/docker`; below it, a side may make groups of its own. */
  readonly path: string
  /** A process that writes its id here belongs to the side from then on. */
  readonly entrance: string
  /** Seconds of processor time that its processes have taken so far. */
  cpuSeconds(): Promise<number>
  readonly pids: () => Promise<number[]>
  processes(): Promise<MeasuredProcess[]>
  /** Ends what is left in it. */
  remove(): Promise<void>
}

export interface MeasuredProcess {
  readonly pid: number
  /** Name of the program, cut at 15 characters by the kernel. */
  readonly program: string
  /** Resident memory, and the share of it that is left when what is shared is divided among its users. */
  readonly rss: number
  readonly pss: number
}

/** @param others Groups that the side makes elsewhere; they count as its own. */
export async function makeGroup(path: string, others: readonly string[] = []): Promise<Group> {
  const facts = await cgroupFacts()
  const root = accountingRoot(facts)
  const inside = join(path, 'processes') // version 2 allows processes only where there are no further groups
  for (const directory of cgroupDirectories(facts, inside)) {
    if (directory.startsWith(root)) await mkdir(directory, { recursive: true })
  }
  const all = [path, ...others].map((one) => join(root, one))
  const pids = async () => (await Promise.all(all.map(pidsBelow))).flat()
  return {
    path,
    entrance: join(root, inside, 'cgroup.procs'),
    cpuSeconds: async () => sum(await Promise.all(all.map((directory) => cpuSecondsOf(facts, directory)))),
    pids,
    processes: async () => (await Promise.all((await pids()).map(measure))).flatMap((one) => one ?? []),
    remove: () => removeGroup(path),
  }
}

/** Ends what is left in a group and those below it, and removes them. */
export async function removeGroup(path: string): Promise<void> {
  await removeCgroup(await cgroupFacts(), path)
}

function accountingRoot(facts: CgroupFacts): string {
  const root = facts.version === 2 ? facts.root : facts.roots.get('cpuacct')
  if (root === undefined) throw new Error('the kernel does not count processor time: no cgroup controller `cpuacct`')
  return root
}

async function cpuSecondsOf({ version }: CgroupFacts, directory: string): Promise<number> {
  const file = version === 2 ? 'cpu.stat' : 'cpuacct.usage'
  const text = await readFile(join(directory, file), 'utf8').catch(() => '')
  if (version === 1) return Number(text) / 1e9
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? 0) / 1e6
}

async function pidsBelow(directory: string): Promise<number[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')
  const here = text.split('\n').map(Number).filter(Boolean)
  const groups = entries.filter((entry) => entry.isDirectory()).map(({ name }) => pidsBelow(join(directory, name)))
  return [here, ...(await Promise.all(groups))].flat()
}

async function measure(pid: number): Promise<MeasuredProcess | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  const [program, memory] = await Promise.all([read('comm'), read('smaps_rollup')])
  if (program === '') return undefined // it has just ended
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0) * 1024
  return { pid, program: program.trim(), rss: bytes('Rss'), pss: bytes('Pss') }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
