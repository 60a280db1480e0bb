import { compareMounts, type SeenMount, type WantedMounts } from './mount-posture.ts'

/** What the kernel says of a sandbox, held against what was asked for: not the walls that were ordered, but those that stand. */

/** One thread, as `/proc/PID/task/TID` has it, seen from the host. */
export interface ThreadFacts {
  readonly pid: number
  readonly tid: number
  /** Its command, for people. */
  readonly command: string
  /** Lines of `status`, by name. */
  readonly status: ReadonlyMap<string, string>
  /** Such as `net` and `net:[4026531840]`. */
  readonly namespaces: ReadonlyMap<string, string>
  /** `uid_map`, its numbers; empty where there is no such file. */
  readonly idMap: readonly number[]
  /** Where its open descriptors lead, by their numbers. */
  readonly descriptors: ReadonlyMap<string, string>
}

/** Limits of its control group, of those that the kernel keeps; undefined: not reported. */
export interface GroupFacts {
  readonly memoryBytes: number | undefined
  readonly pids: number | undefined
  readonly cpus: number | undefined
}

export interface PostureFacts {
  readonly threads: readonly ThreadFacts[]
  /** As the first process sees them, in the order they were made. */
  readonly mounts: readonly SeenMount[]
  readonly group: GroupFacts
}

/** What was asked for; what is not named may be anything. */
export interface WantedPosture {
  /** Host ids that belong to this application alone. */
  readonly ids?: { readonly first: number; readonly count: number } | undefined
  /** Whether there is no way to new capabilities, and which there may be: bits as in `CapBnd`. */
  readonly capabilities?: bigint
  /** Whether a thread of that command should have a filter for system calls. */
  readonly isFiltered?: (command: string) => boolean
  /** Kinds of namespaces that are its own, and the host's, which they must differ from. */
  readonly ownNamespaces: readonly string[]
  readonly hostNamespaces: ReadonlyMap<string, string>
  /** Without this, its mounts are the host's, or not looked at. */
  readonly mounts?: WantedMounts
  /** Of its control group; those that are absent were not asked for, or are held by other means. */
  readonly limits: { readonly memoryBytes?: number; readonly pids?: number; readonly cpus?: number }
}

export interface Compared {
  /** What is not as it was asked for, each once. */
  readonly drift: readonly string[]
  /** Fields that this kernel does not report: nothing is said of them. */
  readonly unreported: readonly string[]
}

export function comparePosture({ threads, mounts, group }: PostureFacts, wanted: WantedPosture): Compared {
  const drift = new Set<string>()
  const unreported = new Set<string>()
  if (threads.length === 0) drift.add('there is no thread to look at')
  for (const thread of threads) {
    const name = thread.command === '' ? `thread ${thread.tid}` : thread.command
    const say = (what: string) => drift.add(`${name}: ${what}`)
    compareIds(thread, wanted, say)
    compareSeals(thread, wanted, say, (field) => unreported.add(field))
    compareNamespaces(thread, wanted, say, (field) => unreported.add(field))
    for (const [number, path] of thread.descriptors) {
      if (path.startsWith('(unreachable)')) say(`descriptor ${number} leads out of its root, to ${path.slice(13)}`)
    }
  }
  if (wanted.mounts) for (const what of compareMounts(mounts, wanted.mounts)) drift.add(what)
  compareLimits(group, wanted, drift, unreported)
  return { drift: [...drift], unreported: [...unreported].sort() }
}

function compareIds({ status }: ThreadFacts, { ids }: WantedPosture, say: (what: string) => void): void {
  if (!ids) return
  for (const field of ['Uid', 'Gid', 'Groups']) {
    for (const id of numbersIn(status.get(field) ?? '')) {
      if (id < ids.first || id >= ids.first + ids.count) say(`${field} has ${id}, which is not its own`)
    }
  }
}

const capabilitySets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']

function compareSeals(
  { status, command }: ThreadFacts,
  { capabilities, isFiltered }: WantedPosture,
  say: (what: string) => void,
  skip: (field: string) => void,
): void {
  const compare = (field: string, isRight: (value: string) => boolean, expected: string) => {
    const value = status.get(field)
    if (value === undefined) skip(field)
    else if (!isRight(value)) say(`${field} is ${value}, and should be ${expected}`)
  }
  if (capabilities !== undefined) {
    const expected = capabilities === 0n ? 'empty' : `within ${capabilities.toString(16).padStart(16, '0')}`
    const isWithin = (value: string) => (BigInt(`0x${value}`) & ~capabilities) === 0n
    for (const field of capabilitySets) compare(field, isWithin, expected)
    compare('NoNewPrivs', (value) => value === '1', '1')
  }
  if (isFiltered?.(command) === true) compare('Seccomp', (value) => value === '2', '2')
}

function compareNamespaces(
  { namespaces, idMap }: ThreadFacts,
  { ownNamespaces, hostNamespaces, ids }: WantedPosture,
  say: (what: string) => void,
  skip: (field: string) => void,
): void {
  for (const kind of ownNamespaces) {
    const own = namespaces.get(kind)
    if (own === undefined) skip(`ns/${kind}`)
    else if (own === hostNamespaces.get(kind)) say(`its ${kind} namespace is the host's`)
  }
  if (!ownNamespaces.includes('user') || !ids) return
  if (idMap.length === 0) skip('uid_map')
  else if (idMap[0] !== 0 || idMap[1] !== ids.first) say(`user ${idMap[0]} inside is ${idMap[1] ?? '?'} of the host`)
}

function compareLimits(
  group: GroupFacts,
  { limits }: WantedPosture,
  drift: Set<string>,
  unreported: Set<string>,
): void {
  for (const [name, wanted] of Object.entries(limits)) {
    const found = group[name as keyof GroupFacts]
    if (found === undefined) unreported.add(`limit of ${name}`)
    else if (Math.abs(found - wanted) > exactness(name)) {
      drift.add(`its control group: ${name} is ${found}, and should be ${wanted}`)
    }
  }
}

/** The kernel rounds memory to pages, and quotas to microseconds. */
function exactness(limit: string): number {
  return limit === 'memoryBytes' ? 65_536 : 0.01
}

function numbersIn(text: string): number[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number)
}
