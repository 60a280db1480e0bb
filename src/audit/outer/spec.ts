/** What an outer container is made of: everything but this is made in it, and goes with it. */
export interface OuterFacts {
  readonly rootfs: string
  readonly hostname: string
  readonly cgroupPath: string
  readonly argv: readonly string[]
  /** Host paths that are seen read-only at the same place: programs, berth's own code, unpacked layers. */
  readonly shared: readonly string[]
  /** Capabilities that berth itself has; no more can be given. */
  readonly capabilities: readonly string[]
  /** Minor numbers of the loop devices that the host has. */
  readonly loops: readonly number[]
  /** Of /dev/kmsg, /dev/fuse, /dev/net/tun, /dev/loop-control: those that the host has. */
  readonly devices: readonly OuterDevice[]
  readonly countsSwap: boolean
}

export interface OuterDevice {
  readonly path: string
  readonly major: number
  readonly minor: number
}

/** Bytes; more than any attack takes, and less than hosts have that applications are deployed on. */
const memory = 1536 * 1024 ** 2
const mostProcesses = 6000

/**
 * The OCI specification of the container that stands for the host: root of it may do there whatever root may do on a
 * host, to a root file system, processes, a network and shared memory that are there for nobody else. It has no disk of
 * the host: the control groups refuse every block device but loop devices.
 */
export function outerSpec(facts: OuterFacts): object {
  const { rootfs, hostname, cgroupPath, argv, capabilities } = facts
  const all = [...capabilities]
  return {
    ociVersion: '1.0.2',
    hostname,
    root: { path: rootfs, readonly: false },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: argv,
      cwd: '/',
      env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'HOME=/root',
        'LC_ALL=C.UTF-8',
        'TZ=UTC',
      ],
      noNewPrivileges: false,
      oomScoreAdj: 200, // its applications go first, and the host's own programs last
      capabilities: { bounding: all, effective: all, permitted: all, inheritable: [], ambient: [] },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 16_384, hard: 16_384 }],
    },
    mounts: mountsOf(facts),
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'cgroup', 'network'].map((type) => ({ type })),
      cgroupsPath: cgroupPath,
      resources: resourcesOf(facts),
      devices: nodesOf(facts),
      rootfsPropagation: 'private',
    },
  }
}

function mountsOf({ shared }: OuterFacts) {
  const plain = ['nosuid', 'nodev']
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: [] },
    tmpfs('/dev', ['nosuid', 'mode=755', 'size=1m']),
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['newinstance', 'ptmxmode=0666', 'mode=0620'],
    },
    tmpfs('/dev/shm', [...plain, 'mode=1777', 'size=512m']),
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: plain },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev'] },
    tmpfs('/run', [...plain, 'mode=755', 'size=512m']),
    tmpfs('/tmp', [...plain, 'mode=1777', 'size=512m']),
    ...shared.map((path) => ({ destination: path, type: 'bind', source: path, options: ['bind', 'ro', 'nodev'] })),
  ]
}

function tmpfs(destination: string, options: readonly string[]) {
  return { destination, type: 'tmpfs', source: 'tmpfs', options }
}

/** Nodes may be made; what opens is in this list, and none of it is a disk that was there before. */
function resourcesOf({ countsSwap, devices }: OuterFacts) {
  const loop = 7
  return {
    memory: { limit: memory, ...(countsSwap ? { swap: memory } : {}) },
    pids: { limit: mostProcesses },
    cpu: { shares: 512 },
    devices: [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', access: 'm' },
      { allow: true, type: 'b', access: 'm' },
      { allow: true, type: 'b', major: loop, access: 'rwm' },
      ...devices.map(({ major, minor }) => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
      { allow: true, type: 'c', major: 5, minor: 1, access: 'rwm' }, // a console, which other runtimes ask for; no node leads to it
      { allow: true, type: 'c', major: 10, minor: 200, access: 'rwm' }, // tun, which runtimes allow by themselves
    ],
  }
}

function nodesOf({ loops, devices }: OuterFacts) {
  return [
    ...loops.map((minor) => ({
      path: `/dev/loop${minor}`,
      type: 'b',
      major: 7,
      minor,
      fileMode: 0o660,
      uid: 0,
      gid: 0,
    })),
    ...devices.map(({ path, major, minor }) => ({ path, type: 'c', major, minor, fileMode: 0o660, uid: 0, gid: 0 })),
  ]
}
