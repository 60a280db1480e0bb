import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Companion, endCompanion, findCompanion, startCompanion } from '../host/companion.ts'
import { mkdir } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { askForAddresses } from '../host/network-dns.ts'
import { networkFiles } from '../host/network-grants.ts'
import { freeDatagramPort } from '../host/network-datagrams.ts'
import { relayNotStarted } from '../model/problems/egress.ts'
import { linkZone } from '../model/egress.ts'
import { version } from '../model/version.ts'
import type { RelayOrder } from './relay-process.ts'

const program = fileURLToPath(new URL(`relay-process${extname(import.meta.filename)}`, import.meta.url))

/**
 * The relay needs root's power over the network's rules and nothing else of it: no file that is not root's own, no
 * process, no device (capabilities(7)).
 */
const confinement = ['setpriv', '--bounding-set=-all,+net_admin', '--inh-caps=-all', '--no-new-privs', '--'] as const
/** It holds a few names at a time. */
const node = [process.execPath, '--max-semi-space-size=1', '--max-old-space-size=96'] as const

type Wanted = Omit<RelayOrder, 'port'>

function companion(order: RelayOrder): Companion {
  const { folder } = networkFiles(order.instance)
  return {
    name: 'the name relay',
    argv: [...confinement, ...node, program, JSON.stringify(order), markOf(order.instance)],
    logFile: join(folder, 'relay.log'),
    identityFile: join(folder, 'relay.json'),
    mark: markOf(order.instance),
    // Whoever asks without being a sandbox is told that there is no such name: an answer all the same.
    isReady: async () =>
      (await askForAddresses(`ready.${linkZone}`, order.port, { address: order.address })) !== undefined,
    notStarted: relayNotStarted,
  }
}

/** In its command line, so that it is found again, and so that one of another version is not. */
function markOf(instance: Instance): string {
  return `berth-name-relay=${networkFiles(instance).folder}#${version}`
}

const anyOrder = (instance: Instance): RelayOrder => ({ instance, address: '', port: 0, block: '', upstreams: [] })

/** Whether a relay of this version runs. */
export async function isRelayRunning(instance: Instance): Promise<boolean> {
  return (await findCompanion(companion(anyOrder(instance)))) !== undefined
}

/**
 * Starts the relay. One of another version of berth is ended first.
 * @param port the one that it had, if any; another is taken when that is no longer free
 * @returns its port
 * @throws relayNotStarted
 */
export async function startRelay(wanted: Wanted, port: number | undefined): Promise<number> {
  await mkdir(networkFiles(wanted.instance).folder, { recursive: true, mode: 0o755 })
  await stopRelay(wanted.instance)
  const chosen = await freeDatagramPort(wanted.address, port)
  await startCompanion(wanted.instance, companion({ ...wanted, port: chosen }))
  return chosen
}

/** Ends the relay, of whatever version it is. */
export async function stopRelay(instance: Instance): Promise<void> {
  const any = companion(anyOrder(instance))
  await endCompanion({ ...any, mark: `berth-name-relay=${networkFiles(instance).folder}#` })
}
