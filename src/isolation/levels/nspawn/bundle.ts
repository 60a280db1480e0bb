import type { SandboxSpec } from '../../../model/sandbox.ts'
import type { SeccompProfile } from '../container/seccomp.ts'
import { resourceLimits } from '../walls.ts'

/** What the bundle depends on besides the sandbox. */
export interface NspawnFacts {
  readonly givesUserNamespaces: boolean
  readonly hardLimits: Readonly<Record<string, number>>
  readonly root: string
  /** The application's user, as it sees itself. */
  readonly user: number
  /** What process 1 runs first. */
  readonly argv: readonly string[]
  readonly seccomp: object
  readonly hasTerminal: boolean
}

/**
 * The OCI bundle that systemd-nspawn is given, as far as it reads one (its nspawn-oci.c): more can be said so than by
 * its options, which know neither arguments of system calls nor users that no `getent` of the image knows.
 */
export function nspawnBundle({ idBase, hostname }: SandboxSpec, facts: NspawnFacts): object {
  const ids = [{ containerID: 0, hostID: idBase, size: 65_536 }]
  const kinds = ['pid', 'ipc', 'uts', 'mount', 'cgroup', ...(facts.givesUserNamespaces ? ['user'] : [])]
  return {
    ociVersion: '1.0.0', // it takes no other
    hostname,
    // Not `readonly`, which would reach all that is mounted below: the layers are mounted read-only already.
    root: { path: facts.root },
    process: {
      terminal: facts.hasTerminal,
      user: { uid: facts.user, gid: facts.user },
      args: facts.argv,
      cwd: '/',
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: Object.entries(resourceLimits(facts.hardLimits)).map(([type, value]) => ({
        type,
        soft: value,
        hard: value,
      })),
    },
    linux: {
      namespaces: kinds.map((type) => ({ type })), // without `network`: it stays in the one that it is started in
      ...(facts.givesUserNamespaces ? { uidMappings: ids, gidMappings: ids } : {}),
      seccomp: facts.seccomp,
    },
  }
}

/**
 * The filter as systemd-nspawn can be told of it. It knows one answer, EPERM, for all that is not let through; so clone3
 * has to be, for libc takes ENOSYS alone for "use clone": the limits on namespaces do what the filter does elsewhere.
 */
export function nspawnFilter({ architectures, syscalls }: SeccompProfile): object {
  const allowing = syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures,
    syscalls: [...allowing, { names: ['clone3'], action: 'SCMP_ACT_ALLOW' }],
  }
}
