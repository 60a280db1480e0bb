import { access, constants } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { exists, mkdir, readText, rm, stat, writeFileAtomically } from './files.ts'
import { ownNamespacesImpossible } from '../model/problems/client.ts'
import { findProgram } from './programs.ts'
import { isAlive, type ProcessIdentity, spawnDetached } from './processes.ts'

/**
 * User, mount and network namespaces of an ordinary user, held by a process that does nothing else. What runs in them is
 * root there and nobody in particular elsewhere. They lead out by slirp4netns, which needs no privileges.
 */
export interface OwnNamespaces {
  readonly holder: ProcessIdentity
}

/** Where the two folders are inside, because an application's user may not pass through its owner's home. */
export const homeInside = '/mnt/home'
export const runInside = '/mnt/run'

export interface Wanted {
  /** BERTH_HOME and the run directory, as the user sees them; the latter in memory. */
  readonly home: string
  readonly run: string
  /** Ports of the host that lead to the same ports inside. */
  readonly ports: readonly number[]
  readonly logFile: string
}

/** Makes the namespaces, unless they are there. @throws Error when this host lets no ordinary user make them. */
export async function ensureOwnNamespaces(wanted: Wanted): Promise<OwnNamespaces> {
  const note = join(wanted.run, 'namespaces.json')
  const known = await readText(note)
  if (known) {
    const { holder, bridge } = JSON.parse(known) as { holder: ProcessIdentity; bridge: ProcessIdentity } // written below
    if ((await isAlive(holder)) && (await isAlive(bridge))) return { holder }
  }
  await requireMeans()
  const holder = await startHolder(wanted)
  const bridge = await startBridge(wanted, holder)
  await writeFileAtomically(note, JSON.stringify({ holder, bridge }))
  return { holder }
}

/** @throws ownNamespacesImpossible naming what is missing, and how to get it */
async function requireMeans(): Promise<void> {
  for (const [program, name] of [
    ['newuidmap', 'uidmap'],
    ['slirp4netns', 'slirp4netns'],
  ] as const) {
    if ((await findProgram(program)) !== undefined) continue
    throw ownNamespacesImpossible({ why: `\`${program}\` is missing`, fix: `sudo apt-get install ${name}` })
  }
  const tun = '/dev/net/tun'
  await access(tun, constants.R_OK | constants.W_OK).catch((cause: unknown) => {
    throw ownNamespacesImpossible(
      {
        why: `you may not open ${tun}, which leads out of a network`,
        fix: `sudo modprobe tun && sudo chmod 0666 ${tun}`,
      },
      { cause },
    )
  })
}

/**
 * The script is fixed, and gets the paths as arguments. 10.0.2.3 is slirp4netns's name server, which asks the host's; the
 * host's own may listen on a loopback that cannot be reached from inside.
 */
const setUp = `
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/home /mnt/run
  mount --bind "$1" /mnt/home
  mount --bind "$2" /mnt/run
  echo 'nameserver 10.0.2.3' > /mnt/resolv.conf
  mount --bind /mnt/resolv.conf "$(readlink -f /etc/resolv.conf)"
  ip link set dev lo up
  : > "$2/namespaces.ready"
  exec sleep infinity
`

async function startHolder({ home, run, logFile }: Wanted): Promise<ProcessIdentity> {
  await Promise.all([home, run].map((path) => mkdir(path, { recursive: true, mode: 0o755 })))
  const { uid, mode } = await stat(run)
  // In a directory that all may write to, another user may have been first.
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw ownNamespacesImpossible({
      why: `${run} is not yours alone`,
      fix: 'Set XDG_RUNTIME_DIR to a folder in memory that only you may write to',
    })
  const ready = join(run, 'namespaces.ready')
  await rm(ready, { force: true })
  const kinds = ['--user', '--map-root-user', '--map-auto', '--mount', '--net', '--propagation=slave']
  const holder = await spawnDetached(['unshare', ...kinds, 'sh', '-ec', setUp, 'sh', home, run], { logFile })
  await until({ what: `the namespaces of ${home}`, process: holder, log: logFile }, () => exists(ready))
  return holder
}

/** The host's loopback cannot be reached from inside, whatever an application may reach. */
async function startBridge({ run, ports, logFile }: Wanted, holder: ProcessIdentity): Promise<ProcessIdentity> {
  const socket = join(run, 'slirp.sock')
  await rm(socket, { force: true })
  const walls = ['--configure', '--mtu=65520', '--disable-host-loopback', '--enable-seccomp']
  const argv = ['slirp4netns', ...walls, '--api-socket', socket, String(holder.pid), 'tap0'] as const
  const bridge = await spawnDetached([...argv], { logFile })
  await until({ what: `the network of ${run}`, process: bridge, log: logFile }, () => exists(socket))
  for (const port of ports) await forward(socket, port)
  return bridge
}

/** slirp4netns(1), "API SOCKET": one request a connection, and its answer. */
async function forward(socket: string, port: number): Promise<void> {
  const connection = connect(socket)
  const place = { proto: 'tcp', host_addr: '0.0.0.0', host_port: port, guest_port: port }
  connection.end(JSON.stringify({ execute: 'add_hostfwd', arguments: place }))
  const answer = JSON.parse(await text(connection)) as { error?: { desc?: string } }
  if (answer.error) throw new Error(`port ${port} cannot be led inside: ${answer.error.desc ?? 'slirp4netns refuses'}`)
}

interface Awaited {
  readonly what: string
  readonly process: ProcessIdentity
  readonly log: string
}

async function until({ what, process, log }: Awaited, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await holds()) return
    if (!(await isAlive(process)))
      throw ownNamespacesImpossible({ why: `${what} did not come to be`, fix: `Read ${log}` })
    await sleep(20)
  }
  throw new Error(`waited in vain for ${what}`)
}

/** A command line that runs as root of the namespaces. */
export function insideOwnNamespaces({ holder }: OwnNamespaces, argv: readonly string[]): [string, ...string[]] {
  const enter = ['--target', String(holder.pid), '--user', '--mount', '--net', '--setuid', '0', '--setgid', '0']
  return ['nsenter', ...enter, '--', ...argv]
}
