import { type CgroupFacts, cgroupFacts, countsSwap } from '../../host/cgroups.ts'
import { runCommand } from '../../host/command.ts'
import { exists, readText } from '../../host/files.ts'

/** What stays the same of this host while berth runs, looked up once. */
export interface HostFacts {
  readonly cgroups: CgroupFacts
  readonly countsSwap: boolean
  readonly hasIpv6: boolean
  /** Not given in a chroot, nor where `user.max_user_namespaces` is 0 (user_namespaces(7)). */
  readonly givesUserNamespaces: boolean
  readonly isChroot: boolean
  readonly hardLimits: Readonly<Record<string, number>>
}

export async function hostFacts(): Promise<HostFacts> {
  const cgroups = await cgroupFacts()
  const limits = (await readText('/proc/self/limits')) ?? ''
  const [swap, hasIpv6, userNamespaces] = await Promise.all([
    countsSwap(cgroups),
    exists('/proc/sys/net/ipv6'),
    givesUserNamespaces(),
  ])
  return {
    cgroups,
    countsSwap: swap,
    hasIpv6,
    givesUserNamespaces: userNamespaces,
    isChroot: !userNamespaces && Number(await readText('/proc/sys/user/max_user_namespaces')) > 0,
    hardLimits: parseHardLimits(limits),
  }
}

async function givesUserNamespaces(): Promise<boolean> {
  const result = await runCommand(['unshare', '--user', 'true'], { allowCodes: [0, 1] }).catch(() => undefined)
  return result?.code === 0
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
