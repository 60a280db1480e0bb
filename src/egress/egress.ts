import { readText } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { type DatagramServer, listenForDatagrams } from '../host/network-datagrams.ts'
import { ensureHostRules, type Flow, listFlows } from '../host/network-fence.ts'
import {
  closedChains,
  enableForwarding,
  ensureLocalAddress,
  leaveDocker,
  passage,
  removeLocalAddress,
} from '../host/network-forwarding.ts'
import {
  type LinkTable,
  networkFiles,
  readGrants,
  readServices,
  updateServices,
  writeLinks,
} from '../host/network-grants.ts'
import { oneAtATime } from '../host/one-at-a-time.ts'
import { egressBlocked } from '../model/problems/egress.ts'
import { AskedNames, type AskedName } from './asked.ts'
import { isRelayRunning, startRelay, stopRelay } from './relay-companion.ts'
import { refuser } from './relay.ts'

/** What applications may reach beyond their sandboxes, and what they tried beyond that. */
export interface Egress {
  /** Answers those for whom nothing is declared, for as long as this process lives. */
  open(): Promise<void>
  /**
   * Makes this host ready for sandboxes that may reach something: the name relay runs, packets are handed on. Does
   * nothing while there are none.
   * @param isFirst for a sandbox that is not there yet
   * @throws relayNotStarted, egressBlocked
   */
  prepare(isFirst?: boolean): Promise<void>
  /** Makes names and rules of links follow the applications; does nothing when it is as it was. */
  link(table: LinkTable): Promise<void>
  /** Starts the name relay again when it has ended, and ends it when no sandbox needs it any more. */
  tend(): Promise<void>
  /** What was refused lately. */
  refused(): Promise<{ readonly flows: readonly Flow[]; readonly names: readonly AskedName[] }>
  /** Ends what belongs to this process; the relay goes on while there are sandboxes that need it. */
  close(): Promise<void>
}

export interface EgressOptions {
  /** The address that sandboxes ask for names. */
  readonly nameServer: string
  /** The network of all sandboxes' addresses. */
  readonly block: string
}

export function egressOn(instance: Instance, { nameServer, block }: EgressOptions): Egress {
  const unanswered = new AskedNames()
  const { nameServers: upstreams } = instance
  let server: DatagramServer | undefined
  const isNeeded = async () => (await readGrants(instance)).length > 0

  async function update(ports: { relayPort?: number; refuserPort?: number }): Promise<void> {
    if (await updateServices(instance, { address: nameServer, ...ports })) await ensureHostRules(instance)
  }

  async function open(): Promise<void> {
    await ensureLocalAddress(nameServer)
    const known = (await readServices(instance))?.refuserPort ?? 0
    const listen = (port: number) => listenForDatagrams({ address: nameServer, port }, refuser(unanswered))
    server = await listen(known).catch(() => listen(0))
    await update({ refuserPort: server.port })
  }

  async function ensureRelay(): Promise<void> {
    await oneAtATime(`name relay of ${instance.name}`, async () => {
      if (await isRelayRunning(instance)) return
      await ensureLocalAddress(nameServer)
      const known = (await readServices(instance))?.relayPort
      await update({ relayPort: await startRelay({ instance, address: nameServer, block, upstreams }, known) })
    })
  }

  async function prepare(isFirst = true): Promise<void> {
    if (!isFirst && !(await isNeeded())) return
    await ensureRelay()
    if (!(await enableForwarding())) {
      const [chains, commands] = [['net.ipv4.ip_forward is 0'], ['sysctl -w net.ipv4.ip_forward=1']]
      throw egressBlocked({ chains, commands })
    }
    const closed = await closedChains(instance)
    if (closed.length === 0) return
    const chains = closed.map(({ family, table, name }) => `table ${family} ${table}, chain ${name}`)
    throw egressBlocked({ chains, commands: closed.flatMap((chain) => passage(instance, chain)) })
  }

  return {
    open,
    prepare,
    link: async (table) => {
      if (await writeLinks(instance, table)) await ensureHostRules(instance)
    },
    tend: async () => {
      if (await isNeeded()) return ensureRelay()
      if (!(await isRelayRunning(instance))) return
      await stopRelay(instance)
      await leaveDocker(instance)
    },
    refused: async () => {
      const text = await readText(networkFiles(instance).asked)
      const relayed = text ? (JSON.parse(text) as AskedName[]) : [] // written by the relay alone
      return { flows: await listFlows(instance, 'refused'), names: [...relayed, ...unanswered.list()] }
    },
    close: async () => {
      await server?.close()
      if (!(await isNeeded())) await removeLocalAddress(nameServer)
    },
  }
}
