import { replaceFile } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { listenForDatagrams } from '../host/network-datagrams.ts'
import { networkFiles, readGrant, readLinks } from '../host/network-grants.ts'
import { ownAddresses } from '../host/sockets.ts'
import { AskedNames } from './asked.ts'
import { sharedLookUp } from './look-ups.ts'
import { OpenedAddresses } from './opened.ts'
import { relay } from './relay.ts'
import { sharedWork } from './shared-work.ts'
import { lookUp } from './upstream.ts'

/**
 * The name relay: a process of its own, so that names go on leading somewhere while berth's daemon is away. Its only
 * argument is an order; what sandboxes may reach it reads from the run directory, for each question anew.
 */

export interface RelayOrder {
  readonly instance: Instance
  readonly address: string
  readonly port: number
  readonly block: string
  /** Name servers to ask; empty: those of the host. */
  readonly upstreams: readonly string[]
}

void main()

async function main(): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? '') as RelayOrder // written by `relayCompanion` alone
  const { instance, address, port, block, upstreams } = order
  const { asked: askedFile } = networkFiles(instance)
  const opened = await OpenedAddresses.of(instance)
  const asked: AskedNames = new AskedNames(sharedWork(() => replaceFile(askedFile, JSON.stringify(asked.list()))))
  const parts = {
    grantOf: (from: string) => readGrant(instance, from),
    links: () => readLinks(instance),
    lookUp: sharedLookUp((name) => lookUp(name, upstreams)),
    open: (...[grant, addresses, openings, ttl]: Parameters<Parameters<typeof relay>[0]['open']>) =>
      opened.open(grant, addresses, { openings, ttl }),
    own: ownAddresses,
    block,
    asked,
  }
  await listenForDatagrams({ address, port }, (message, from) => relay(parts, message, from))
  process.on('SIGTERM', () => process.exit(0))
}
