import { type SandboxSpec, appUid } from '../../../model/sandbox.ts'
import type { TerminalSize } from '../../isolator.ts'
import { environmentOf } from '../environment.ts'
import { terminalPart } from '../oci.ts'
import { maskedPaths, memoryPlaces, networkSettings, resourceLimits, terminalsAtMost } from '../walls.ts'
import { seccompProfile } from './seccomp.ts'

/** What the specification of a container depends on besides the sandbox itself: this host. */
export interface ContainerFacts {
  readonly architecture: NodeJS.Architecture
  readonly cgroupVersion: 1 | 2
  /** Undefined where berth may make no control groups: then there are no limits of that kind. */
  readonly cgroupPath: string | undefined
  /** How many host ids from `idBase` on, and from `idBase` + `appUid` on, are the application's; 65,536 unless said. */
  readonly idsEach?: number
  /** Whether the kernel counts swap; without it a limit on swap is refused. */
  readonly countsSwap: boolean
  /** Block devices, as `major:minor`, whose use the kernel can bound; those under its volumes. */
  readonly boundDevices: readonly string[]
  /** berth's own hard limits, which cannot be raised, by their names in getrlimit(2). */
  readonly hardLimits: Readonly<Record<string, number>>
  readonly rootPath: string
  readonly hasIpv6: boolean
  readonly givesUserNamespaces: boolean
  /** The init program on this host that becomes process 1. */
  readonly init: string
}

/** Inside the tmpfs on /run, so that no image needs a mount point for it. */
const initTarget = '/run/berth/init'

/**
 * Gives the OCI runtime specification of a sandbox (config.md of runtime-spec 1.0.2): the walls of the `container`
 * level. Secrets are revealed in it: it may be written only where no other user and no disk keeps it.
 */
export function containerSpec(spec: SandboxSpec, facts: ContainerFacts, terminal?: TerminalSize): object {
  const ids = idMappings(spec, facts)
  return {
    ociVersion: '1.0.2',
    hostname: spec.hostname,
    root: { path: facts.rootPath, readonly: true },
    process: processOf(spec, facts, terminal),
    mounts: mountsOf(spec, facts),
    linux: {
      namespaces: [...namespaces, ...(facts.givesUserNamespaces ? ['user'] : [])].map((type) => ({ type })),
      sysctl: Object.fromEntries(
        Object.entries(networkSettings(facts)).map(([path, value]) => [path.replaceAll('/', '.'), value]),
      ),
      ...(facts.givesUserNamespaces ? { uidMappings: ids, gidMappings: ids } : {}),
      ...(facts.cgroupPath === undefined ? {} : { cgroupsPath: facts.cgroupPath, resources: resourcesOf(spec, facts) }),
      seccomp: seccompProfile(facts.architecture, spec.syscalls),
      rootfsPropagation: 'private',
      maskedPaths,
      readonlyPaths,
    },
  }
}

/** One range where there are enough ids; else one for what is root inside, and one for what the application runs as. */
function idMappings({ idBase }: SandboxSpec, { idsEach = 65_536 }: ContainerFacts) {
  const root = { containerID: 0, hostID: idBase, size: idsEach }
  return idsEach > appUid ? [root] : [root, { containerID: appUid, hostID: idBase + appUid, size: idsEach }]
}

function processOf(spec: SandboxSpec, facts: ContainerFacts, terminal?: TerminalSize) {
  const uid = uidInside(spec, facts)
  return {
    ...terminalPart(terminal),
    user: { uid, gid: uid, umask: 0o022 },
    // tini reaps orphans and hands SIGTERM on, which the kernel keeps from a process 1 without a handler for it.
    args: [initTarget, '--', ...spec.argv],
    cwd: spec.workdir,
    env: environmentOf(spec),
    noNewPrivileges: true,
    oomScoreAdj: 500,
    capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
    rlimits: Object.entries(resourceLimits(facts.hardLimits)).map(([type, limit]) => ({
      type,
      soft: limit,
      hard: limit,
    })),
  }
}

/** The application's id as it sees itself: on the host it is the same one with and without a user namespace. */
export function uidInside({ idBase }: SandboxSpec, facts: Pick<ContainerFacts, 'givesUserNamespaces'>): number {
  return facts.givesUserNamespaces ? appUid : idBase + appUid
}

/** All new, the network too: entering a sandbox later works only if its user namespace owns all the others. */
const namespaces = ['pid', 'ipc', 'uts', 'mount', 'cgroup', 'network']

function mountsOf({ volumes, limits }: SandboxSpec, { init, cgroupPath }: ContainerFacts) {
  const temporary = ['nosuid', 'nodev', 'noexec']
  const { shared, run } = memoryPlaces
  return [
    // Only its own processes' entries; of other users' in the same sandbox, nothing.
    { destination: '/proc', type: 'proc', source: 'proc', options: [...temporary, 'hidepid=2'] },
    memory('/dev', ['nosuid', 'noexec', 'mode=755'], 64 * 1024, 64),
    // A pty is host-wide scarce (kernel.pty.max). No `gid=5`: that group does not exist inside the user namespace.
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', `max=${terminalsAtMost}`],
    },
    memory('/dev/shm', [...temporary, 'mode=1777'], shared.bytes, shared.inodes),
    memory('/tmp', [...temporary, 'mode=1777'], limits.tmpBytes, memoryPlaces.temporary.inodes),
    memory('/run', [...temporary, 'mode=1777'], run.bytes, run.inodes),
    // No sysfs, which tells about the host's hardware; but the limits, which Node and the JVM size themselves by.
    memory('/sys', [...temporary, 'mode=755'], 64 * 1024, 64),
    ...(cgroupPath === undefined ? [] : [groupsMount]),
    { destination: initTarget, type: 'bind', source: init, options: ['bind', 'ro', 'nosuid', 'nodev'] },
    ...volumes.map(({ source, target }) => ({
      destination: target,
      type: 'bind',
      source,
      options: ['bind', 'rw', ...temporary],
    })),
  ]
}

const groupsMount = {
  destination: '/sys/fs/cgroup',
  type: 'cgroup',
  source: 'cgroup',
  options: ['nosuid', 'nodev', 'noexec', 'relatime', 'ro'],
}

function memory(destination: string, flags: readonly string[], bytes: number, inodes: number) {
  const options = [...flags, `size=${bytes}`, `nr_inodes=${inodes}`]
  return { destination, type: 'tmpfs', source: 'tmpfs', options }
}

function resourcesOf({ limits }: SandboxSpec, { cgroupVersion, countsSwap, boundDevices }: ContainerFacts) {
  const period = 100_000
  return {
    devices: [{ allow: false, access: 'rwm' }], // the runtime adds null, zero, full, random, urandom, tty and ptys
    memory: { limit: limits.memoryBytes, ...(countsSwap ? { swap: limits.memoryBytes } : {}) },
    pids: { limit: limits.pids },
    ...(boundDevices.length > 0 ? { blockIO: throttles(boundDevices, limits.ioBytesPerSecond) } : {}),
    cpu: { quota: Math.round(limits.cpus * period), period, shares: 1024 },
    // One process killed alone may leave an application half alive; version 1 has no such switch.
    ...(cgroupVersion === 2 ? { unified: { 'memory.oom.group': '1' } } : {}),
  }
}

/**
 * A file system in a file is a block device of its own, so what is written to it can be bounded; writes that are not
 * synced at once only with version 2 of control groups.
 */
function throttles(devices: readonly string[], rate: number) {
  const each = devices.map((device) => {
    const [major, minor] = device.split(':').map(Number)
    return { major, minor, rate }
  })
  return { throttleReadBpsDevice: each, throttleWriteBpsDevice: each }
}

const readonlyPaths = ['bus', 'fs', 'irq', 'mtrr', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`)
