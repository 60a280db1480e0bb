import { type CgroupFacts, cgroupFacts, countsSwap } from '../../host/cgroups.ts'
import { runCommand } from '../../host/command.ts'
import { exists, readText } from '../../host/files.ts'
import { findProgram } from '../../host/programs.ts'

/** What stays the same of this host while berth runs, looked up once. */
export interface HostFacts {
  readonly cgroups: CgroupFacts
  readonly countsSwap: boolean
  readonly hasIpv6: boolean
  /** Not given in a chroot, nor where `user.max_user_namespaces` is 0 (user_namespaces(7)). */
  readonly givesUserNamespaces: boolean
  readonly isChroot: boolean
  readonly hardLimits: Readonly<Record<string, number>>
  /** The version of gVisor's runsc, such as 20221219; undefined where there is none. */
  readonly runscDate: number | undefined
  /** Whether the kernel confines processes to files by path (landlock(7)). */
  readonly hasLandlock: boolean
}

export async function hostFacts(): Promise<HostFacts> {
  const cgroups = await cgroupFacts()
  const limits = (await readText('/proc/self/limits')) ?? ''
  const [swap, hasIpv6, userNamespaces, runsc, landlock] = await Promise.all([
    countsSwap(cgroups),
    exists('/proc/sys/net/ipv6'),
    givesUserNamespaces(),
    runscDate(),
    hasLandlock(),
  ])
  return {
    cgroups,
    countsSwap: swap,
    hasIpv6,
    givesUserNamespaces: userNamespaces,
    isChroot: !userNamespaces && Number(await readText('/proc/sys/user/max_user_namespaces')) > 0,
    hardLimits: parseHardLimits(limits),
    runscDate: runsc,
    hasLandlock: landlock,
  }
}

async function givesUserNamespaces(): Promise<boolean> {
  const result = await runCommand(['unshare', '--user', 'true'], { allowCodes: [0, 1] }).catch(() => undefined)
  return result?.code === 0
}

/** Asks for its version, which is all that landlock_create_ruleset(2) tells without a ruleset. */
async function hasLandlock(): Promise<boolean> {
  const ask = ['perl', '-e', 'exit(syscall(444, 0, 0, 1) > 0 ? 0 : 1)'] as const
  return (await runCommand(ask, { allowCodes: [0, 1] }).catch(() => undefined))?.code === 0
}

/** Both `0.0~20221219.0` (Debian's) and `release-20240729.0` (the project's own) are dates. */
async function runscDate(): Promise<number | undefined> {
  if ((await findProgram('runsc')) === undefined) return undefined
  const said = await runCommand(['runsc', '--version']).catch(() => undefined)
  const date = /^runsc version .*?(\d{8})/m.exec(said?.stdout ?? '')?.[1]
  return date === undefined ? undefined : Number(date)
}

const limitNames: Readonly<Record<string, string>> = {
  'Max open files': 'RLIMIT_NOFILE',
  'Max core file size': 'RLIMIT_CORE',
  'Max processes': 'RLIMIT_NPROC',
  'Max locked memory': 'RLIMIT_MEMLOCK',
  'Max msgqueue size': 'RLIMIT_MSGQUEUE',
}

/** Reads `/proc/self/limits` (proc(5)); a limit that is not there is unlimited. */
export function parseHardLimits(text: string): Record<string, number> {
  const limits: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const match = /^(.+?) {2,}\S+ +(\d+) /.exec(line)
    const name = limitNames[match?.[1] ?? '']
    if (name !== undefined) limits[name] = Number(match?.[2])
  }
  return limits
}
