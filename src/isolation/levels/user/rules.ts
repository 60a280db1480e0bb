import type { Step } from '../launched/steps.ts'

/** Files that programs of any kind need: Debian's own, settings, and what the kernel tells of processes and processors. */
const system = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/etc',
  '/proc',
  '/sys/devices/system/cpu',
]
/** A link that may lead out of /etc. */
const resolver = '/etc/resolv.conf'
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts'].map((name) => `/dev/${name}`)
const shared = ['/tmp', '/dev/shm']

/**
 * What Landlock leaves of the host's files: programs and the application's own can be read and executed, volumes and
 * temporary files written. No other file of the host can be opened, whatever its mode: no home, no log, no other
 * application's volume, no socket's directory.
 */
export function landlockRules(own: readonly string[], volumes: readonly string[]): Step {
  const rules = {
    read: [...system, resolver, ...own],
    device: devices,
    write: [...shared, ...volumes],
  }
  return ['landlock', ...Object.entries(rules).flatMap(([right, paths]) => paths.flatMap((path) => [right, path]))]
}
