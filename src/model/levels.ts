/** The isolation ladder: how far an application is sealed off, weakest first. */

export const levelNames = [
  'process',
  'user',
  'chroot',
  'nspawn',
  'lxc',
  'container',
  'docker',
  'podman',
  'gvisor',
  'vm',
] as const
export type LevelName = (typeof levelNames)[number]

/** What a manifest may demand of a level, by the keys of `[isolation]`. */
export type LimitKey = 'memory' | 'cpus' | 'pids' | 'tmp' | 'io'

export interface LevelFacts {
  /** In a word or two, for people who choose. */
  readonly meaning: string
  /** Limits that this level cannot hold an application to. */
  readonly cannotGive: readonly LimitKey[]
  /** Whether an application that is taken over at this level has taken over more than itself. */
  readonly isUnsafe: boolean
  /** Whether its volumes are disks of one sandbox alone: then old and new release cannot run at once. */
  readonly takesVolumesAlone?: true
}

export const levelFacts: Readonly<Record<LevelName, LevelFacts>> = {
  process: {
    meaning: "a plain process with a user of its own, on the host's own files and programs; for development",
    cannotGive: ['memory', 'cpus', 'pids', 'tmp', 'io'],
    isUnsafe: true,
  },
  user: {
    meaning: 'as `process`, without new privileges, with resource limits and with Landlock where the kernel has it',
    cannotGive: ['memory', 'cpus', 'tmp', 'io'],
    isUnsafe: true,
  },
  chroot: {
    meaning: "the image's own root, on the host's processes and kernel objects",
    cannotGive: ['memory', 'cpus', 'pids', 'io'],
    isUnsafe: true,
  },
  nspawn: { meaning: 'systemd-nspawn', cannotGive: [], isUnsafe: false },
  lxc: { meaning: 'LXC', cannotGive: [], isUnsafe: false },
  container: { meaning: 'runc with everything closed that is not declared', cannotGive: [], isUnsafe: false },
  docker: { meaning: "the host's Docker, with hardened flags", cannotGive: [], isUnsafe: false },
  podman: { meaning: "the host's Podman, with hardened flags", cannotGive: [], isUnsafe: false },
  gvisor: { meaning: "gVisor: a kernel of the application's own, in user space", cannotGive: [], isUnsafe: false },
  vm: {
    meaning: 'a virtual machine with a kernel of its own',
    cannotGive: [],
    isUnsafe: false,
    takesVolumesAlone: true,
  },
}

export const defaultLevel: LevelName = 'container'
