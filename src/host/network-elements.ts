import { covers } from '../model/addresses.ts'
import { egressOf } from '../model/egress.ts'
import type { Grant, LinkTable, NameServices, OpenedAddress } from './network-grants.ts'
import { blockBits } from './network-names.ts'

/** What is in the sets that the rules of `network-rules.ts` look into, as nft(8) reads it. */

/** What they follow from. */
export interface Granted {
  readonly grants: readonly Grant[]
  readonly links: LinkTable
  readonly opened: readonly OpenedAddress[]
  readonly services: NameServices | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Commands that empty the sets that follow from grants, and fill them. */
export function granted(table: string, { grants, links, opened, services, now }: Granted): string[] {
  const addresses = new Set(grants.map(({ address }) => address))
  // An address may have been given to another sandbox since.
  const isGranted = ({ from, sandbox }: OpenedAddress) =>
    grants.some(({ address, id }) => address === from && id === sandbox)
  const restored = opened.filter((one) => isGranted(one) && one.until - now >= 1000)
  return [
    ...refill(
      table,
      'owners',
      grants.map(({ interfaceName, address }) => `"${interfaceName}" . ${address}`),
    ),
    ...refill(table, 'senders', [...addresses]),
    ...refill(
      table,
      'internet',
      grants.filter(isOnInternet).map(({ address }) => address),
    ),
    ...refill(table, 'linked', linkedPairs(grants, links)),
    ...refill(table, 'declared', grants.flatMap(declaredFlows)),
    ...refill(
      table,
      'addressed',
      grants.flatMap((grant) => addressedFlows(grant, services)),
    ),
    ...restored.map((one) => addOpened(table, one, now)),
  ]
}

function refill(table: string, set: string, elements: readonly string[]): string[] {
  const unique = [...new Set(elements)]
  return [
    `flush set inet ${table} ${set}`,
    ...(unique.length > 0 ? [`add element inet ${table} ${set} { ${unique.join(', ')} }`] : []),
  ]
}

function isOnInternet({ egress }: Grant): boolean {
  return egressOf(egress).some(({ kind }) => kind === 'internet')
}

function linkedPairs(grants: readonly Grant[], links: LinkTable): string[] {
  return grants.flatMap(({ address, links: apps }) =>
    apps.flatMap((app) => (links[app] ?? []).map((to) => `${address} . ${to}`)),
  )
}

/** An interval set refuses what overlaps, so that of two networks for one port only the wider one goes in. */
function declaredFlows({ address, egress }: Grant): string[] {
  const items = egressOf(egress).flatMap((item) => (item.kind === 'network' ? [item] : []))
  const isInside = (inner: (typeof items)[number], outer: (typeof items)[number]) =>
    inner.network !== outer.network &&
    inner.port === outer.port &&
    inner.transport === outer.transport &&
    covers(outer.network, inner.network)
  return items
    .filter((item) => !items.some((other) => isInside(item, other)))
    .map(({ network, transport, port }) => `${address} . ${network} . ${transport} . ${port}`)
}

/**
 * This host itself is reached only by one who names its very address: not by a network that it happens to be in, and
 * not where sandboxes and their ends of the host are.
 */
function addressedFlows({ address, egress }: Grant, services: NameServices | undefined): string[] {
  const sandboxes = `${services?.address ?? address}/${blockBits}`
  return egressOf(egress).flatMap((item) => {
    if (item.kind !== 'network' || item.network.includes('/') || covers(sandboxes, item.network)) return []
    return [`${address} . ${item.network} . ${item.transport} . ${item.port}`]
  })
}

/** Adds an address that a name led to. */
export function addOpened(table: string, { from, to, transport, port, until }: OpenedAddress, now: number): string {
  const seconds = Math.max(1, Math.round((until - now) / 1000))
  return `add element inet ${table} opened { ${from} . ${to} . ${transport} . ${port} timeout ${seconds}s }`
}

/** The same, and also for one that is there already, whose time would stay what it was otherwise. */
export function renewOpened(table: string, opened: OpenedAddress, now: number): string[] {
  const { from, to, transport, port } = opened
  const add = addOpened(table, opened, now)
  return [add, `delete element inet ${table} opened { ${from} . ${to} . ${transport} . ${port} }`, add]
}
