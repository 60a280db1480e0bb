import type { Limits } from '../../../model/release.ts'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import type { TerminalSize } from '../../isolator.ts'
import type { HostFacts } from '../../sandbox/facts.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { specFacts } from '../container/facts.ts'
import { containerSpec } from '../container/spec.ts'
import { places } from '../supervised/inner.ts'
import { shellProgram } from '../supervised/stage.ts'

/** What the specification depends on besides the sandbox. */
export interface GvisorFacts {
  readonly facts: HostFacts
  /** Whether its kernel can run as nobody on the host. */
  readonly ownIds: boolean
  readonly layout: Layout
  /** A directory of `limitFiles`. */
  readonly limits: string
}

/** What is read of the container level's specification, or written into it. */
interface Container {
  readonly mounts: readonly { readonly destination: string; readonly type: string }[]
  readonly linux: object
}

/** The container level's specification as far as runsc takes it: the same walls once more, inside another kernel. */
export function gvisorSpec(
  spec: SandboxSpec,
  { facts, ownIds, layout, limits }: GvisorFacts,
  terminal?: TerminalSize,
): object {
  const whole = containerSpec(spec, { ...specFacts(layout, facts), givesUserNamespaces: ownIds }, terminal) as Container // what that function makes
  const readable = ['bind', 'ro', 'nosuid', 'nodev', 'noexec']
  return {
    ...whole,
    linux: { ...whole.linux, seccomp },
    mounts: [
      ...whole.mounts.map((mount) =>
        // Its own control groups know no limits that anybody told them.
        mount.type === 'cgroup' ? { ...mount, type: 'bind', source: limits, options: readable } : mount,
      ),
      { destination: places.shell, type: 'bind', source: shellProgram, options: ['bind', 'ro', 'nosuid', 'nodev'] },
    ],
    hooks: {
      prestart: [{ path: '/bin/sh', args: ['sh', '-ec', setNetwork], env: [`PATH=${process.env['PATH'] ?? ''}`] }],
    },
  }
}

/**
 * Inside gVisor's own kernel, which refuses by itself what it does not know. It has no way to forbid that files in memory
 * are executed, so there are none, as on Linux before 3.17. (runsc of 2022 takes no `defaultErrnoRet`, without which the
 * container level's list would answer clone3 with an error that libc gives up at.)
 */
const seccomp = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['memfd_create'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
}

/**
 * What runc does in a new network namespace and runsc does not. The hook gets the state of the container as JSON, with
 * the process whose namespace it is.
 */
const setNetwork = `read -r state || :
pid=\${state#*'"pid":'}
pid=\${pid%%[!0-9]*}
exec nsenter --net="/proc/$pid/ns/net" sh -ec '
ip link set dev lo up
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
for of in all default; do
  setting=/proc/sys/net/ipv6/conf/$of/disable_ipv6
  [ ! -e $setting ] || echo 1 > $setting
done'`

/** Bytes that gVisor's own kernel and its file server take beside the application. */
const ownMemory = 128 * 1024 ** 2

/**
 * What the host holds the sandbox to, application and kernel together. On platforms without hardware's help each process
 * of the application's takes several threads of the host's (measured: 5.4 with `ptrace`); one too few ends the sandbox.
 */
export function hostLimits({ memoryBytes, cpus, pids }: Limits) {
  return { memoryBytes: memoryBytes + ownMemory, cpus, pids: 6 * pids + 64 }
}

/** The application's own limits, in the places where programs look for them, of both versions of control groups. */
export function limitFiles({ memoryBytes, cpus, pids }: Limits): Record<string, string> {
  const [memory, processes, quota, period] = [memoryBytes, pids, Math.round(cpus * 100_000), 100_000].map(String)
  return {
    'memory.max': `${memory}\n`,
    'pids.max': `${processes}\n`,
    'cpu.max': `${quota} ${period}\n`,
    'memory/memory.limit_in_bytes': `${memory}\n`,
    'pids/pids.max': `${processes}\n`,
    'cpu/cpu.cfs_quota_us': `${quota}\n`,
    'cpu/cpu.cfs_period_us': `${period}\n`,
  }
}
