import { buildSeccomp } from './build-seccomp.ts'

/** What one command of a build gets; plain data, so that the whole sandbox can be shown and compared. */
export interface BuildProcess {
  readonly argv: readonly string[]
  readonly cwd: string
  /** On top of the fixed environment. */
  readonly env: Readonly<Record<string, string>>
  /** `packages`: root with the few capabilities that dpkg needs. `commands`: foreign code, no capability at all. */
  readonly role: 'packages' | 'commands'
}

export interface BuildSurroundings {
  readonly rootfs: string
  readonly networkNamespace: string
  readonly cgroup: string
  /** Whether the kernel counts swap; without it a limit on swap is refused. */
  readonly countsSwap: boolean
  readonly epoch: number
  readonly binds: readonly { readonly source: string; readonly target: string }[]
}

/** The user that foreign code of a build runs as; no application and no person has it. */
export const buildUser = 64_999

export const buildLimits = { memoryBytes: 2 * 1024 ** 3, pids: 1024, minutes: 30, scratchBytes: 1024 ** 3 } as const

const packageCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETUID', 'SETGID', 'SETFCAP', 'SYS_CHROOT']

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
  const capabilities = process.role === 'packages' ? packageCapabilities.map((name) => `CAP_${name}`) : []
  const user = process.role === 'packages' ? 0 : buildUser
  const env = { ...fixedBuildEnvironment(around.epoch), ...process.env }
  return {
    ociVersion: '1.0.2',
    hostname: 'build',
    root: { path: around.rootfs, readonly: false },
    process: {
      terminal: false,
      user: { uid: user, gid: user, umask: 0o022 },
      args: process.argv,
      cwd: process.cwd,
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
      rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }],
    },
    mounts: [...systemMounts, ...scratchMounts, ...around.binds.map(readOnlyBind)],
    linux: {
      cgroupsPath: around.cgroup,
      namespaces: [
        ...['pid', 'mount', 'uts', 'ipc', 'cgroup'].map((type) => ({ type })),
        { type: 'network', path: around.networkNamespace },
      ],
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        memory: {
          limit: buildLimits.memoryBytes,
          ...(around.countsSwap ? { swap: buildLimits.memoryBytes } : {}),
        },
        pids: { limit: buildLimits.pids },
        // A quarter of what a running application gets when both want the processor.
        cpu: { shares: 256 },
      },
      seccomp: buildSeccomp,
      maskedPaths: ['acpi', 'kcore', 'keys', 'latency_stats', 'timer_list', 'sched_debug', 'scsi'].map(
        (name) => `/proc/${name}`,
      ),
      readonlyPaths: ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`),
    },
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

/** Places that programs write to and that are no part of any layer. */
const scratchMounts = ['/tmp', '/var/tmp', '/run', '/dev/shm'].map((destination) => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['nosuid', 'nodev', `mode=${destination === '/run' ? '755' : '1777'}`, `size=${buildLimits.scratchBytes}`],
}))

function readOnlyBind({ source, target }: { source: string; target: string }) {
  return { destination: target, type: 'bind', source, options: ['bind', 'ro', 'nosuid', 'nodev'] }
}
