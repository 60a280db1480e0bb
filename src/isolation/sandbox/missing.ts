import { runCommand } from '../../host/command.ts'
import { exists, readText } from '../../host/files.ts'
import { ownUserNamespace } from '../../host/user-namespace.ts'
import { findProgram } from '../../host/programs.ts'
import type { HostFacts } from './facts.ts'
import { programs } from './programs.ts'

/** A program of the host that a sandbox needs. */
export interface NeededProgram {
  readonly program: string
  /** Debian's package that has it. */
  readonly package: string
  /** What it does, as in "which makes the containers". */
  readonly purpose: string
}

const needed: readonly NeededProgram[] = [
  { program: programs.monitor, package: 'conmon', purpose: 'keeps them when berth restarts' },
  { program: 'ip', package: 'iproute2', purpose: 'makes their network' },
  { program: 'nft', package: 'nftables', purpose: 'fences their network in' },
  { program: 'nsenter', package: 'util-linux', purpose: 'sets their limits' },
  { program: 'mount', package: 'mount', purpose: 'stacks their layers' },
]

/** What a sandbox of any level needs and this host lacks, each with its fix. */
export async function missingForSandboxes({ cgroups }: HostFacts): Promise<string[]> {
  const [absent, hasInit, hasOverlay] = await Promise.all([
    missingPrograms(needed),
    exists(programs.init),
    knowsFileSystem('overlay'),
  ])
  return [
    check(process.getuid?.() === 0, 'berth is not root, which mounts and namespaces need: run it with sudo'),
    ...absent,
    check(hasInit, `\`${programs.init}\` is missing: apt-get install tini`),
    check(hasOverlay, 'the kernel has no overlayfs: modprobe overlay'),
    ...['memory', 'pids', 'cpu'].map((name) =>
      check(
        cgroups.controllers.has(name) || !ownUserNamespace.isInitial,
        `the cgroup controller \`${name}\` is off: boot with cgroup_enable=${name} or without what disables it`,
      ),
    ),
  ].filter((reason) => reason !== undefined)
}

/** Those of the programs that this host does not have, each with its fix. */
export async function missingPrograms(all: readonly NeededProgram[]): Promise<string[]> {
  const reasons = await Promise.all(
    all.map(async ({ program, package: name, purpose }) =>
      (await findProgram(program)) === undefined
        ? `\`${program}\`, which ${purpose}, is missing: apt-get install ${name}`
        : undefined,
    ),
  )
  return reasons.filter((reason) => reason !== undefined)
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
