import { runCommand } from '../../host/command.ts'
import { readText } from '../../host/files.ts'
import { allowedProcessors, countOf, firstOf } from '../../host/processors.ts'

/**
 * What is not the same when an image is built again. berth fixes most of what a build could look at (src/isolation/
 * build-config.ts): that is the same for every build on every host, and so it is here. What is varied is the rest.
 */
export interface Surroundings {
  /** Put before the command that builds. */
  readonly prefix: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  /** Bytes of memory to build in; undefined when it is built on disk. */
  readonly memory: number | undefined
  readonly varied: readonly string[]
  readonly notVaried: readonly string[]
  /** How many there are, and how many the second build gets. */
  readonly processors: readonly [number, number]
}

/** Another zone than any host has by default, another language, other places. */
const environment = {
  TZ: 'Pacific/Kiritimati',
  LANG: 'tr_TR.UTF-8',
  LC_ALL: 'tr_TR.UTF-8',
  HOME: '/nonexistent/elsewhere',
  USER: 'somebody',
  COLUMNS: '37',
}

const hostName = 'elsewhere'
/** Seconds that the clock of the kernel is ahead; what counts since boot begins with it. */
const aheadOfBoot = 40_000_000

/** @param bytes What the build will need: memory serves as its disk when there is twice as much of it. */
export async function chooseSurroundings(bytes: number): Promise<Surroundings> {
  const { allowed } = await allowedProcessors()
  const isMany = countOf(allowed) > 1
  const [hasTime, free] = [await givesTimeNamespaces(), await freeMemory()]
  const memory = free > 2 * bytes ? Math.floor(free * 0.75) : undefined
  const namespaces = [
    '--uts',
    ...(hasTime ? ['--time', `--boottime=${aheadOfBoot}`, `--monotonic=${aheadOfBoot}`] : []),
  ]
  const inside = `umask 077 && cd / && hostname ${hostName} && exec "$@"`
  return {
    prefix: [
      ...(['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', ...namespaces, '--fork', '--kill-child', '--'] as const),
      ...(isMany ? ['taskset', '--cpu-list', firstOf(allowed)] : []),
      ...['sh', '-c', inside, 'sh'],
    ],
    environment,
    memory,
    processors: [countOf(allowed), 1],
    varied: [
      'an empty store: no layer, no record, no answer of an earlier build',
      'another directory and other inode numbers',
      'the time of day, by as much as lies between the builds',
      'umask, time zone, language, home and host name of the building process',
      ...(hasTime ? ['the time since boot'] : []),
      ...(isMany ? [`one processor instead of ${countOf(allowed)}`] : []),
      ...(memory === undefined ? [] : ['another file system (tmpfs), which lists directories in another order']),
    ],
    notVaried: [
      'the kernel and the processor',
      'the time of day beyond that',
      ...(hasTime ? [] : ['the time since boot: this kernel has no time namespaces']),
      ...(isMany ? [] : ['the number of processors: there is one']),
      ...(memory === undefined ? ['the file system: there is too little memory for another one'] : []),
    ],
  }
}

/** Not given by kernels before 5.6, nor in some containers (time_namespaces(7)). */
async function givesTimeNamespaces(): Promise<boolean> {
  const argv = ['unshare', '--time', '--boottime=1', '--fork', 'true'] as const
  return runCommand(argv).then(
    () => true,
    () => false,
  )
}

/** Bytes that can be used without swapping (proc_meminfo(5)). */
async function freeMemory(): Promise<number> {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec((await readText('/proc/meminfo')) ?? '')?.[1]
  return Number(kibibytes ?? 0) * 1024
}
