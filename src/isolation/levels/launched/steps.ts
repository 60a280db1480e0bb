/**
 * What a process goes through on its way behind its walls, in this order, as `steps.pl` and `mounts.pl` perform them.
 * Paths of mounts begin at the last `root` (or `host`), and what links of an image lead to stays below it.
 */
export type Step =
  /** Into the namespaces and the root of a process. */
  | readonly ['join', pid: string, ...namespaces: string[]]
  /** Into all namespaces of a process; `filtered`, at the end, puts it behind the filters that this process has, too. */
  | readonly ['within', pid: string, pidFile: string, ...controlGroups: string[]]
  | readonly ['filtered']
  /** A setting of the kernel's. */
  | readonly ['write', path: string, text: string]
  | readonly ['root', path: string]
  /** That directory is made to look like the host's root, and is the root of the mounts that follow. */
  | readonly ['host', path: string]
  /** A mount point, whatever the host has there. */
  | readonly ['place', path: string]
  /** The thing of that name in the root of an image's tree. */
  | readonly ['bring', tree: string, name: string]
  | readonly ['mount', type: 'tmpfs' | 'proc' | 'devpts', target: string, flags: string, data: string]
  /** With `-` for flags: those that it has where it comes from. */
  | readonly ['bind', source: string, target: string, flags: string]
  /** A bind over a file, where there is one. */
  | readonly ['cover', source: string, target: string]
  | readonly ['directory' | 'file', path: string]
  | readonly ['link', path: string, text: string]
  | readonly ['chroot']
  /** Where the program starts. */
  | readonly ['enter', directory: string]
  /** By its number in `asm-generic/resource.h`. */
  | readonly ['limit', number: string, value: string]
  /** No capability can be had again. */
  | readonly ['bounded']
  /** What may be done with which paths, in pairs of a word of `landlock.pl` and a path; nothing with any other. */
  | readonly ['landlock', ...rules: string[]]
  /** A terminal inside, relayed to the one that the launcher was started in. */
  | readonly ['terminal', columns: string, rows: string, user: string]
  | readonly ['user', id: string]
  | readonly ['unprivileged']

/** As `steps.pl` reads them: before the words of each step, their number; after each, a zero. */
export function encodeSteps(steps: readonly Step[]): string {
  return steps
    .flatMap((words) => [words.length, ...words])
    .map((word) => `${word}\0`)
    .join('')
}

/** Settings of the kernel's by their paths below `/proc/sys`, as `networkSettings` gives them. */
export function settingSteps(settings: Readonly<Record<string, string>>): Step[] {
  return Object.entries(settings).map(([path, value]) => ['write', `/proc/sys/${path}`, value])
}

/** The flags of places whose files are data only. */
export const dataOnly = 'nosuid,nodev,noexec'

/** Numbers of `asm-generic/resource.h`, which x86-64 and arm64 share. */
const limitNumbers = { RLIMIT_CORE: 4, RLIMIT_NPROC: 6, RLIMIT_NOFILE: 7, RLIMIT_MEMLOCK: 8, RLIMIT_MSGQUEUE: 12 }

/** Their names by their numbers. */
export const limitNames: ReadonlyMap<string, string> = new Map(
  Object.entries(limitNumbers).map(([name, number]) => [String(number), name]),
)

/** Limits by their names in getrlimit(2), as `resourceLimits` gives them. @throws Error for one that has no number here */
export function limitSteps(limits: Readonly<Record<string, number>>): Step[] {
  const numbers: Readonly<Record<string, number>> = limitNumbers
  return Object.entries(limits).map(([name, value]) => {
    const number = numbers[name]
    if (number === undefined) throw new Error(`${name} has no number`)
    return ['limit', String(number), String(value)]
  })
}
