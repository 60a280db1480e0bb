import { buildSeccomp } from './seccomp.ts'

/** What one command of a build gets; plain data, so that the whole sandbox can be shown and compared. */
export interface BuildProcess {
  readonly argv: readonly string[]
  readonly cwd: string
  /** On top of the fixed environment. */
  readonly env: Readonly<Record<string, string>>
  readonly runAs: BuildAccount
}

/** Who a command runs as; root has the few capabilities that dpkg needs, everybody else has none. */
export interface BuildAccount {
  readonly uid: number
  readonly gid: number
  readonly groups?: readonly number[]
}

/** What a command sees beside the layers. Paths on the host are absolute, and so are targets. */
export type BuildMount =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly isWritable?: boolean }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly bytes?: number }

export interface BuildSurroundings {
  readonly rootfs: string
  readonly networkNamespace: string
  /** Undefined where berth may make none. */
  readonly cgroup: string | undefined
  /** Whether the kernel counts swap; without it a limit on swap is refused. */
  readonly countsSwap: boolean
  /** Processors, as in `0-3,5`, when it may not have all of them. */
  readonly processors?: string
  readonly epoch: number
  /** Whether /tmp, /var/tmp and /run are in memory, and nothing there becomes part of a layer. */
  readonly hasScratch: boolean
  readonly mounts: readonly BuildMount[]
}

/** The user that foreign code of a build runs as; no application and no person has it. */
export const buildUser = 64_999

/** Foreign code, without any capability. */
export const unprivileged: BuildAccount = { uid: buildUser, gid: buildUser }
export const rootAccount: BuildAccount = { uid: 0, gid: 0 }

export const buildLimits = { memoryBytes: 2 * 1024 ** 3, pids: 1024, minutes: 30, scratchBytes: 1024 ** 3 } as const

const rootCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETUID', 'SETGID', 'SETFCAP', 'SYS_CHROOT']

/** The same for every build on every host, so that no tool can tell one from another. */
function fixedBuildEnvironment(epoch: number): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    HOME: '/tmp',
    SOURCE_DATE_EPOCH: String(epoch),
    PYTHONHASHSEED: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    DEBIAN_FRONTEND: 'noninteractive',
    DEBCONF_NONINTERACTIVE_SEEN: 'true',
  }
}

/** The OCI runtime configuration of one build command (runtime-spec, config.md). */
export function buildConfig(process: BuildProcess, around: BuildSurroundings): object {
  const { uid, gid, groups = [] } = process.runAs
  const capabilities = rootCapabilities.map((name) => `CAP_${name}`)
  const held = uid === 0 ? capabilities : []
  const env = { ...fixedBuildEnvironment(around.epoch), ...process.env }
  return {
    ociVersion: '1.0.2',
    hostname: 'build',
    root: { path: around.rootfs, readonly: false },
    process: {
      terminal: false,
      user: { uid, gid, additionalGids: groups, umask: 0o022 },
      args: process.argv,
      cwd: process.cwd,
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      capabilities: { bounding: held, effective: held, permitted: held },
      noNewPrivileges: true,
      rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }],
    },
    mounts: [...systemMounts, ...(around.hasScratch ? scratchMounts : [sharedMemory]), ...around.mounts.map(mountOf)],
    linux: {
      namespaces: [
        ...['pid', 'mount', 'uts', 'ipc', 'cgroup'].map((type) => ({ type })),
        { type: 'network', path: around.networkNamespace },
      ],
      ...(around.cgroup === undefined ? {} : { cgroupsPath: around.cgroup, resources: resourcesOf(around) }),
      seccomp: buildSeccomp,
      maskedPaths: ['acpi', 'kcore', 'keys', 'latency_stats', 'timer_list', 'sched_debug', 'scsi'].map(
        (name) => `/proc/${name}`,
      ),
      readonlyPaths: ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`),
    },
  }
}

function resourcesOf({ countsSwap, processors }: BuildSurroundings) {
  return {
    devices: [{ allow: false, access: 'rwm' }],
    memory: { limit: buildLimits.memoryBytes, ...(countsSwap ? { swap: buildLimits.memoryBytes } : {}) },
    pids: { limit: buildLimits.pids },
    // A quarter of what a running application gets when both want the processor.
    cpu: { shares: 256, ...(processors === undefined ? {} : { cpus: processors }) },
  }
}

const systemMounts = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'mode=755', 'size=64k'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
  },
]

const sharedMemory = inMemory('/dev/shm', '1777')

/** Places that programs write to and that are no part of any layer. */
const scratchMounts = [inMemory('/tmp', '1777'), inMemory('/var/tmp', '1777'), inMemory('/run', '755'), sharedMemory]

function mountOf(mount: BuildMount) {
  if (mount.kind === 'tmpfs') return inMemory(mount.target, '1777', mount.bytes)
  const access = mount.isWritable === true ? 'rw' : 'ro'
  return {
    destination: mount.target,
    type: 'bind',
    source: mount.source,
    options: ['bind', access, 'nosuid', 'nodev'],
  }
}

function inMemory(destination: string, mode: string, bytes: number = buildLimits.scratchBytes) {
  const options = ['nosuid', 'nodev', `mode=${mode}`, `size=${Math.min(bytes, buildLimits.scratchBytes)}`]
  return { destination, type: 'tmpfs', source: 'tmpfs', options }
}
