/** Walls of all levels, which each program is told of in its own words. */

/** Of the host's kernel, nothing that an application needs to know. */
export const maskedPaths: readonly string[] = [
  ...['acpi', 'asound', 'cmdline', 'config.gz', 'diskstats', 'interrupts', 'iomem', 'ioports', 'kallsyms', 'kcore'],
  ...['key-users', 'keys', 'kpagecgroup', 'kpagecount', 'kpageflags', 'latency_stats', 'modules', 'pagetypeinfo'],
  ...['partitions', 'pressure', 'sched_debug', 'scsi', 'slabinfo', 'softirqs', 'timer_list', 'timer_stats'],
  ...['vmallocinfo'],
].map((name) => `/proc/${name}`)

/**
 * By their names in getrlimit(2). Nobody can raise berth's own hard limits.
 * @param more what a level limits besides, by the same names
 */
export function resourceLimits(
  hardLimits: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const wanted = { ...more, RLIMIT_NOFILE: 4096, RLIMIT_CORE: 0, RLIMIT_MEMLOCK: 65_536, RLIMIT_MSGQUEUE: 0 }
  return Object.fromEntries(
    Object.entries(wanted).map(([name, limit]) => [name, Math.min(limit, hardLimits[name] ?? limit)]),
  )
}

/**
 * inotify instances and namespaces are counted for the creator of a user namespace, which is root for all of them:
 * without limits of its own, one sandbox takes what all others and the host need. (Debian gives root 128 instances, too
 * few for the sum of these shares: hence the host's own limit is raised.) As paths below `/proc/sys`.
 */
export const userNamespaceLimits: readonly string[] = [
  'user/max_inotify_instances=16',
  'user/max_inotify_watches=8192',
  ...['user', 'mnt', 'net', 'pid', 'ipc', 'uts', 'cgroup', 'time'].map((kind) => `user/max_${kind}_namespaces=0`),
]

/**
 * The application is not root inside, yet may listen on any port. IPv6 neighbours would be reachable without a route. As
 * paths below `/proc/sys`.
 */
export function networkSettings({ hasIpv6 }: { readonly hasIpv6: boolean }): Record<string, string> {
  const noIpv6 = { 'net/ipv6/conf/all/disable_ipv6': '1', 'net/ipv6/conf/default/disable_ipv6': '1' }
  return { 'net/ipv4/ip_unprivileged_port_start': '0', ...(hasIpv6 ? noIpv6 : {}) }
}

/** Places in memory, which every sandbox has: bytes and files. */
export const memoryPlaces = {
  shared: { bytes: 16 * 1024 ** 2, inodes: 1024 },
  run: { bytes: 4 * 1024 ** 2, inodes: 1024 },
  temporary: { inodes: 16_384 },
} as const

/** Pseudo-terminals of one sandbox; they are scarce on a whole host (`kernel.pty.max`). */
export const terminalsAtMost = 16
