import { createHash } from 'node:crypto'
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
  readonly httpPort: number
  readonly httpsPort: number
  /** Who is asked for names that applications may reach, as `10.0.0.53` or `10.0.0.53:5353`; empty: the host's own. */
  readonly nameServers: readonly string[]
}

const standardHome = '/var/lib/berth'

/** Reads BERTH_HOME, BERTH_RUN, BERTH_HTTP_PORT, BERTH_HTTPS_PORT and BERTH_NAME_SERVERS. */
export function instanceFrom(environment: NodeJS.ProcessEnv): Instance {
  const home = environment['BERTH_HOME'] ?? standardHome
  const isStandard = home === standardHome
  const tag = createHash('sha256').update(home).digest('hex').slice(0, 6)
  const name = isStandard ? 'berth' : `berth-${tag}`
  return {
    home,
    name,
    run: environment['BERTH_RUN'] ?? join('/run', name),
    interfacePrefix: isStandard ? 'bv' : `b${tag}`,
    httpPort: portFrom(environment['BERTH_HTTP_PORT'], 80),
    httpsPort: portFrom(environment['BERTH_HTTPS_PORT'], 443),
    nameServers: (environment['BERTH_NAME_SERVERS'] ?? '').split(/[ ,]+/).filter((server) => server !== ''),
  }
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
