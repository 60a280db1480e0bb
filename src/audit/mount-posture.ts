import type { MountFacts } from '../host/process-facts.ts'

/** What was asked for of the mounts of a sandbox that has a root of its own. */
export interface WantedMounts {
  readonly readOnlyRoot: boolean
  /** Whether nothing that the application writes can be executed. */
  readonly nothingDroppedRuns: boolean
  /** Where its volumes are on the host. */
  readonly volumes: readonly string[]
}

/** A mount as the first process sees it, and the volume that is behind it, if there is one. */
export interface SeenMount extends Pick<MountFacts, 'root' | 'point' | 'type' | 'options'> {
  readonly volume?: string | undefined
}

/** Made by the kernel, or kept in memory: they show no file of a disk. */
const withoutDisk: ReadonlySet<string> = new Set([
  ...['proc', 'sysfs', 'tmpfs', 'devtmpfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2'],
])

/**
 * Of the host's files, the levels bring in a program that is the first process, and, with an engine of its own, the three
 * of /etc that it writes; systemd-nspawn tells about its host below /run/host.
 */
const isOfLevel = (point: string) =>
  /^\/run\/(berth|host)\//.test(point) || ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'].includes(point)

/** Devices that every runtime makes (runtime-spec, config-linux.md, "Default Devices"). */
const harmless = /^\/(null|zero|full|random|urandom|tty|console)$/

/**
 * Holds mounts against what was asked for. Every mount one by one is compared by the levels themselves, when a release
 * is verified; this is what can be told of all levels alike.
 * @returns what is not as it was asked for
 */
export function compareMounts(mounts: readonly SeenMount[], wanted: WantedMounts): string[] {
  // Of two at one point, the later one counts.
  const seen = [...new Map(mounts.map((mount) => [mount.point, mount])).values()]
  const drift: string[] = []
  const root = seen.find(({ point }) => point === '/')
  if (wanted.readOnlyRoot && root?.options.includes('ro') !== true) drift.push('its root can be written to')
  for (const mount of seen) {
    const { point, type } = mount
    if (point === '/') continue
    if (mount.volume === undefined && !withoutDisk.has(type) && !isOfLevel(point))
      drift.push(`${point} shows files of the host (${type}), and is no volume`)
    if (type === 'devtmpfs' && !harmless.test(mount.root)) drift.push(`${point} is the host's device ${mount.root}`)
    if (wanted.nothingDroppedRuns && isWritable(mount)) drift.push(`what is written to ${point} can be executed`)
  }
  for (const volume of wanted.volumes) {
    if (!seen.some((mount) => mount.volume === volume)) drift.push(`the volume ${volume} is not mounted`)
  }
  return drift
}

/** Whether a file can be made there and then executed; the directories of the kernel's take no files. */
function isWritable({ point, type, options, volume }: SeenMount): boolean {
  if (volume === undefined && (type !== 'tmpfs' || /^\/(dev|proc|sys)(\/|$)/.test(point) || isOfLevel(point)))
    return false
  return !options.includes('ro') && !options.includes('noexec')
}
