import { readText } from '../host/files.ts'
import { askByDatagram, askByStream, type Place } from '../host/network-datagrams.ts'
import { addressNumber } from '../model/addresses.ts'
import { encodeQuery, parseReply, rcodes, type Reply } from './dns-message.ts'

/** The name servers of this host, asked in turn. */

export type Found = { readonly kind: 'found'; readonly addresses: readonly string[]; readonly ttl: number }
export type Lookup = Found | { readonly kind: 'no-such-name' } | { readonly kind: 'failed' }

const millisecondsEach = 2500
/** More addresses than one answer should open. */
const mostAddresses = 16
const longestTtl = 300
const shortestTtl = 5

/**
 * Looks a name up.
 * @param configured name servers as `10.0.0.53` or `10.0.0.53:5353`; empty: those of the host
 * @param milliseconds for each server to answer; tests give more
 */
export async function lookUp(
  name: string,
  configured: readonly string[],
  milliseconds = millisecondsEach,
): Promise<Lookup> {
  const local = hostsEntry((await readText('/etc/hosts')) ?? '', name)
  if (local.length > 0) return { kind: 'found', addresses: local, ttl: shortestTtl }
  for (const place of await nameServers(configured)) {
    const reply = await ask(place, name, milliseconds)
    // One that fails does not know; another one may.
    if (reply?.rcode === rcodes.ok) return foundIn(reply)
    if (reply?.rcode === rcodes.noSuchName) return { kind: 'no-such-name' }
  }
  return { kind: 'failed' }
}

async function ask(place: Place, name: string, milliseconds: number): Promise<Reply | undefined> {
  const query = encodeQuery(name)
  const isAnswer = (message: Buffer) => parseReply(query, message) !== undefined
  const message = await askByDatagram(place, query, { milliseconds, isAnswer })
  const reply = message && parseReply(query, message)
  if (!reply?.wasCut) return reply
  const whole = await askByStream(place, query, milliseconds)
  return (whole && parseReply(query, whole)) ?? reply
}

function foundIn({ records }: Reply): Lookup {
  const ttl = Math.min(longestTtl, ...records.map((record) => record.ttl))
  const addresses = [...new Set(records.map(({ address }) => address))].slice(0, mostAddresses)
  return { kind: 'found', addresses, ttl: Math.max(shortestTtl, ttl) }
}

async function nameServers(configured: readonly string[]): Promise<Place[]> {
  const texts = configured.length > 0 ? configured : serversOf((await readText('/etc/resolv.conf')) ?? '')
  return texts.map(parsePlace).filter((place) => place !== undefined)
}

/** Reads `10.0.0.53` or `10.0.0.53:5353`. */
export function parsePlace(text: string): Place | undefined {
  const [address = '', port = '53', more] = text.split(':')
  const isRight = addressNumber(address) !== undefined && /^[0-9]{1,5}$/.test(port) && more === undefined
  return isRight ? { address, port: Number(port) } : undefined
}

/** The IPv4 name servers of a resolv.conf(5). */
export function serversOf(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map(([, address = '']) => address)
    .filter((address) => addressNumber(address) !== undefined)
}

/** The IPv4 addresses that a hosts(5) file gives a name. */
export function hostsEntry(text: string, name: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const isMeant = names.some((other) => other.toLowerCase() === name)
    return isMeant && addressNumber(address) !== undefined ? [address] : []
  })
}
