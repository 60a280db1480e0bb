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
  /** Keeps the name relay for a sandbox that is being made, until it is there or has failed. */
  expect(): Disposable
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
  /** Sandboxes that are being made: what they may reach is not written down yet. */
  let expected = 0
  const isNeeded = async () => expected > 0 || (await readGrants(instance)).length > 0

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

  /** One after the other, so that no relay is ended that somebody has just found running. */
  const alone = (work: () => Promise<void>) => oneAtATime(`name relay of ${instance.name}`, work)

  async function ensureRelay(): Promise<void> {
    if (await isRelayRunning(instance)) return
    await ensureLocalAddress(nameServer)
    const known = (await readServices(instance))?.relayPort
    await update({ relayPort: await startRelay({ instance, address: nameServer, block, upstreams }, known) })
  }

  async function endRelay(): Promise<void> {
    if (!(await isRelayRunning(instance))) return
    await stopRelay(instance)
    await leaveDocker(instance)
  }

  async function prepare(isFirst = true): Promise<void> {
    if (!isFirst && !(await isNeeded())) return
    await alone(ensureRelay)
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
    expect: () => {
      expected += 1
      return { [Symbol.dispose]: () => void (expected -= 1) }
    },
    tend: () => alone(async () => ((await isNeeded()) ? ensureRelay() : endRelay())),
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
