import { addressNumber, networkRange, whyNever } from './addresses.ts'

/** What an application may reach beyond its sandbox: `[isolation] egress`, item by item. */

export type Transport = 'tcp' | 'udp'

export type Egress =
  /** Every public address, any port. */
  | { kind: 'internet' }
  /** `api.stripe.com:443`; with `anyBelow`, every name that ends with it: `*.example.org:443`. */
  | { kind: 'name'; name: string; anyBelow: boolean; port: number; transport: Transport }
  /** An address or a network: `10.0.0.5:5432`, `10.0.0.0/8:5432`. */
  | { kind: 'network'; network: string; port: number; transport: Transport }

/** Either what an item means, or what is wrong with it. */
export type ParsedEgress = { readonly egress: Egress } | { readonly fault: string }

const longestName = 253
const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?'
const namePattern = new RegExp(`^(\\*\\.)?(${label}\\.)*${label}$`)

/** The names of linked applications end with this: `shop.berth.internal`. */
export const linkZone = 'berth.internal'

/** Reads one item of `[isolation] egress`. */
export function parseEgress(text: string): ParsedEgress {
  if (text === 'internet') return { egress: { kind: 'internet' } }
  const fault = (why: string) => ({ fault: `\`${text}\` ${why}` })
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)/i.exec(text)
  if (scheme) return fault(`must be a name and a port, not a URL: write \`${withPort(scheme[2], scheme[1])}\``)
  if (text.includes('[') || (text.match(/:/g) ?? []).length > 1) {
    return fault('must be a name or an IPv4 address, and a port: sandboxes have no IPv6')
  }
  const parts = /^(.*):([0-9]+)(?:\/([a-z]+))?$/.exec(text)
  if (!parts) return fault(missingPort(text))
  const [, target = '', digits = '', transport = 'tcp'] = parts
  const port = Number(digits)
  if (port < 1 || port > 65_535) return fault('must have a port from 1 to 65535')
  if (transport !== 'tcp' && transport !== 'udp') return fault('must end with its port, or with `/udp` after it')
  return parseTarget(target, { port, transport }, fault)
}

type Fault = (why: string) => { fault: string }

function parseTarget(target: string, how: { port: number; transport: Transport }, fault: Fault): ParsedEgress {
  if (/^[0-9./]+$/.test(target)) return parseNetwork(target, how, fault)
  const name = target.replace(/\.$/, '')
  if (name !== name.toLowerCase()) return fault(`must be in lower case: \`${name.toLowerCase()}:${how.port}\``)
  if (name.length > longestName || !namePattern.test(name)) return fault('must begin with a domain name or an address')
  if (name === 'localhost' || name.endsWith('.localhost')) return fault('is the sandbox itself, which needs no egress')
  if (name === linkZone || name.endsWith(`.${linkZone}`)) {
    return fault(`is an application of this berth: write \`links = ["${name.split('.')[0]}"]\` for that`)
  }
  const anyBelow = name.startsWith('*.')
  return { egress: { kind: 'name', name: anyBelow ? name.slice(2) : name, anyBelow, ...how } }
}

function parseNetwork(target: string, how: { port: number; transport: Transport }, fault: Fault): ParsedEgress {
  const range = networkRange(target)
  if (!range) return fault('must have an IPv4 address, or a network such as `10.0.0.0/8`')
  const [start = ''] = target.split('/')
  if (target.endsWith('/0')) return fault('would be everything: write `internet` for all public addresses')
  if (addressNumber(start) !== range[0]) return fault('must begin with the first address of its network')
  const why = whyNever(range)
  if (why !== undefined) return fault(`cannot be opened: ${why}`)
  return { egress: { kind: 'network', network: target.replace(/\/32$/, ''), ...how } }
}

const schemePorts: Readonly<Record<string, number>> = { http: 80, postgres: 5432, postgresql: 5432, redis: 6379 }

/** What somebody who wrote a URL meant. */
function withPort(host = '', scheme = ''): string {
  const place = host.slice(host.lastIndexOf('@') + 1)
  return /:[0-9]+$/.test(place) ? place : `${place}:${schemePorts[scheme.toLowerCase()] ?? 443}`
}

function missingPort(text: string): string {
  const isPlace = namePattern.test(text) || networkRange(text) !== undefined
  return isPlace
    ? `lacks its port: write \`${text}:443\` for HTTPS`
    : 'must be `name:port`, `address:port` or `internet`'
}

/** The item as it is written in a manifest. */
export function egressText(egress: Egress): string {
  switch (egress.kind) {
    case 'internet':
      return 'internet'
    case 'name':
      return `${egress.anyBelow ? '*.' : ''}${egress.name}:${portText(egress)}`
    case 'network':
      return `${egress.network}:${portText(egress)}`
    default:
      return egress satisfies never
  }
}

function portText({ port, transport }: { port: number; transport: Transport }): string {
  return transport === 'tcp' ? String(port) : `${port}/udp`
}

/** Reads items that were checked when the manifest was read; others, such as of a later berth, open nothing. */
export function egressOf(items: readonly string[]): Egress[] {
  return items.map(parseEgress).flatMap((parsed) => ('egress' in parsed ? [parsed.egress] : []))
}

export interface Opening {
  readonly port: number
  readonly transport: Transport
}

/** The ports that are declared for a name; empty when it is not. */
export function openingsOf(declared: readonly Egress[], name: string): Opening[] {
  return declared.flatMap((item) => {
    if (item.kind !== 'name') return []
    const isMeant = item.anyBelow ? name.endsWith(`.${item.name}`) : name === item.name
    return isMeant ? [{ port: item.port, transport: item.transport }] : []
  })
}

/** Bits a second, written `100Mbit` or `1Gbit` (powers of 1000). */
export function bandwidthOf(text: string): number {
  const [, digits, unit] = /^([1-9][0-9]{0,5})(K|M|G)bit$/.exec(text) ?? []
  const factor = { K: 1e3, M: 1e6, G: 1e9 }[unit ?? '']
  if (factor === undefined) throw new Error(`not a bandwidth: ${text}`)
  return Number(digits) * factor
}

/** 1 Gbit/s: far more than most applications need, and a tenth of what one of them could take of a host otherwise. */
export const standardBandwidth = '1Gbit'
