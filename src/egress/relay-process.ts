import { replaceFile } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { listenForDatagrams } from '../host/network-datagrams.ts'
import { networkFiles, readGrant, readLinks } from '../host/network-grants.ts'
import { ownAddresses } from '../host/sockets.ts'
import { AskedNames } from './asked.ts'
import { later } from './later.ts'
import { OpenedAddresses } from './opened.ts'
import { relay } from './relay.ts'
import { lookUp, type Lookup } from './upstream.ts'

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

/** One application must not keep the others waiting. */
const mostLookUps = 256

void main()

async function main(): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? '') as RelayOrder // written by `relayCompanion` alone
  const { instance, address, port, block, upstreams } = order
  const { asked: askedFile } = networkFiles(instance)
  const opened = await OpenedAddresses.of(instance)
  const asked: AskedNames = new AskedNames(later(500, () => replaceFile(askedFile, JSON.stringify(asked.list()))))
  const parts = {
    grantOf: (from: string) => readGrant(instance, from),
    links: () => readLinks(instance),
    lookUp: bounded((name) => lookUp(name, upstreams)),
    open: (...[grant, addresses, openings, ttl]: Parameters<Parameters<typeof relay>[0]['open']>) =>
      opened.open(grant, addresses, { openings, ttl }),
    own: ownAddresses,
    block,
    asked,
  }
  await listenForDatagrams({ address, port }, (message, from) => relay(parts, message, from))
  process.on('SIGTERM', () => process.exit(0))
}

/** Answers again from memory for as long as an answer may be kept, and asks once for all who ask meanwhile. */
function bounded(ask: (name: string) => Promise<Lookup>): (name: string) => Promise<Lookup> {
  const answers = new Map<string, { readonly answer: Promise<Lookup>; until: number }>()
  let underWay = 0
  const begin = async (name: string): Promise<Lookup> => {
    underWay += 1
    try {
      return await ask(name)
    } finally {
      underWay -= 1
    }
  }
  return async (name) => {
    const known = answers.get(name)
    if (known && known.until > Date.now()) return known.answer
    if (underWay >= mostLookUps) return { kind: 'failed' }
    const entry = { answer: begin(name), until: Infinity }
    answers.delete(name)
    answers.set(name, entry)
    const [oldest] = answers.keys()
    if (answers.size > 1024 && oldest !== undefined) answers.delete(oldest)
    const found = await entry.answer.catch((): Lookup => ({ kind: 'failed' }))
    entry.until = Date.now() + (found.kind === 'found' ? found.ttl * 1000 : found.kind === 'failed' ? 0 : 2000)
    return found
  }
}
