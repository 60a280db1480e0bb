import { runCommand } from '../../host/command.ts'
import { exists, readText } from '../../host/files.ts'
import { findProgram } from '../../host/programs.ts'
import type { HostFacts } from './facts.ts'
import { programs } from './start.ts'

const needed = [
  { program: programs.runtime, package: 'runc', purpose: 'makes the containers' },
  { program: programs.monitor, package: 'conmon', purpose: 'keeps them when berth restarts' },
  { program: 'ip', package: 'iproute2', purpose: 'makes their network' },
  { program: 'nft', package: 'nftables', purpose: 'fences their network in' },
  { program: 'nsenter', package: 'util-linux', purpose: 'sets their limits' },
  { program: 'mount', package: 'mount', purpose: 'stacks their layers' },
]

/** Why this host cannot give the `container` level, each with its fix. */
export async function missingForContainers({ cgroups }: HostFacts): Promise<string[]> {
  const absent = await Promise.all(
    needed.map(async (need) => ((await findProgram(need.program)) === undefined ? need : undefined)),
  )
  const [hasInit, hasOverlay] = await Promise.all([exists(programs.init), knowsFileSystem('overlay')])
  return [
    check(process.getuid?.() === 0, 'berth is not root, which mounts and namespaces need: run it with sudo'),
    ...absent.map(
      (need) => need && `\`${need.program}\`, which ${need.purpose}, is missing: apt-get install ${need.package}`,
    ),
    check(hasInit, `\`${programs.init}\` is missing: apt-get install tini`),
    check(hasOverlay, 'the kernel has no overlayfs: modprobe overlay'),
    ...['memory', 'pids', 'cpu'].map((name) =>
      check(
        cgroups.controllers.has(name),
        `the cgroup controller \`${name}\` is off: boot with cgroup_enable=${name} or without what disables it`,
      ),
    ),
  ].filter((reason) => reason !== undefined)
}

function check(holds: boolean, reason: string): string | undefined {
  return holds ? undefined : reason
}

/** A module that is not loaded yet is loaded by asking for it. */
async function knowsFileSystem(name: string): Promise<boolean> {
  const isListed = async () => ((await readText('/proc/filesystems')) ?? '').split(/\s/).includes(name)
  if (await isListed()) return true
  await runCommand(['modprobe', name], { allowCodes: [0, 1] }).catch(() => undefined)
  return isListed()
}

/** What the `container` level lacks on this host although it can be given. */
export function weaknessesOfContainers({ givesUserNamespaces }: HostFacts): string[] {
  const noUserNamespaces =
    'this host makes no user namespaces (in a chroot none can be made; else: sysctl -w user.max_user_namespaces=10000): ' +
    'applications run without one, as host users of their own'
  return givesUserNamespaces ? [] : [noUserNamespaces]
}
