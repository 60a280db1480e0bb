import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One berth on this host. Several can run side by side (a test beside the real one), so everything that is global to a
 * host is named after the instance: cgroups, network interfaces, nftables tables, addresses.
 */
export interface Instance {
  /** BERTH_HOME: blobs, layers, volumes, state, keys. */
  readonly home: string
  /** Sockets, bundles, namespaces: in memory, gone at reboot. */
  readonly run: string
  /** `berth`, or `berth-1a2b3c` for another home than the standard one. Also the cgroup's and nft table's name. */
  readonly name: string
  /** Prefix of its network interfaces: at most 8 characters, so that a number fits behind it (IFNAMSIZ is 16). */
  readonly interfacePrefix: string
  /** Whether it is an ordinary user's own, in namespaces of theirs. */
  readonly isOwn: boolean
  readonly httpPort: number
  readonly httpsPort: number
  /** Who is asked for names that applications may reach, as `10.0.0.53` or `10.0.0.53:5353`; empty: the host's own. */
  readonly nameServers: readonly string[]
}

const standardHome = '/var/lib/berth'

/** Reads BERTH_HOME, BERTH_RUN, BERTH_HTTP_PORT, BERTH_HTTPS_PORT and BERTH_NAME_SERVERS. */
export function instanceFrom(environment: NodeJS.ProcessEnv): Instance {
  const own = ownPlaces(environment)
  const home = environment['BERTH_HOME'] ?? own?.home ?? standardHome
  const isStandard = home === standardHome
  const tag = isStandard ? '' : tagOf(home)
  const name = isStandard ? 'berth' : `berth-${tag}`
  return {
    home,
    name,
    run: environment['BERTH_RUN'] ?? own?.run ?? join('/run', name),
    isOwn: own !== undefined,
    interfacePrefix: isStandard ? 'bv' : `b${tag}`,
    httpPort: portFrom(environment['BERTH_HTTP_PORT'], own ? 8080 : 80),
    httpsPort: portFrom(environment['BERTH_HTTPS_PORT'], own ? 8443 : 443),
    nameServers: (environment['BERTH_NAME_SERVERS'] ?? '').split(/[ ,]+/).filter((server) => server !== ''),
  }
}

/**
 * Where an ordinary user's own berth is (XDG Base Directory Specification); undefined for root. With nothing said, a
 * user's commands are for the host's berth where there is one.
 */
function ownPlaces(environment: NodeJS.ProcessEnv): { home: string; run: string } | undefined {
  const uid = process.getuid?.() ?? 0
  if (uid === 0) return undefined
  if (environment['BERTH_HOME'] === undefined && existsSync('/run/berth/berth.sock')) return undefined
  const data = environment['XDG_DATA_HOME'] ?? join(environment['HOME'] ?? '/nonexistent', '.local/share')
  const home = environment['BERTH_HOME'] ?? join(data, 'berth')
  // Secrets are in the run directory, and /dev/shm is always in memory.
  return { home, run: join(environment['XDG_RUNTIME_DIR'] ?? `/dev/shm/berth-${uid}`, `berth-${tagOf(home)}`) }
}

/** Loaded late: every command asks for its instance, and only others than the host's own need this. */
function tagOf(home: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(home).digest('hex').slice(0, 6)
}

function portFrom(text: string | undefined, standard: number): number {
  const port = Number(text ?? standard)
  return Number.isInteger(port) && port >= 0 && port < 65536 ? port : standard
}

/** Where things are below BERTH_HOME and the run directory; the one place that knows. */
export function pathsOf(instance: Instance) {
  const { home, run } = instance
  return {
    blobs: join(home, 'blobs', 'sha256'),
    layers: join(home, 'layers'),
    volumes: join(home, 'volumes'),
    logs: join(home, 'logs'),
    keys: join(home, 'keys'),
    state: join(home, 'state.db'),
    /** On the same file system as blobs and layers, so that a finished piece is moved in by rename. */
    temporary: join(home, 'tmp'),
    socket: join(run, 'berth.sock'),
    daemonLog: join(home, 'logs', 'daemon.log'),
    sandboxes: join(run, 'sandboxes'),
    builds: join(run, 'builds'),
    front: join(run, 'front'),
    /** What sandboxes may reach, and the servers that answer them. */
    network: join(run, 'network'),
  } as const
}
export type Paths = ReturnType<typeof pathsOf>
