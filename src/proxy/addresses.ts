import { BlockList, isIPv4, isIPv6 } from '../host/sockets.ts'

/** Which addresses a build must not reach, whatever name led to them. */

const forbidden: readonly { readonly range: string; readonly what: string }[] = [
  { range: '0.0.0.0/8', what: 'this host' },
  { range: '127.0.0.0/8', what: 'this host' },
  { range: '::/128', what: 'this host' },
  { range: '::1/128', what: 'this host' },
  { range: '169.254.0.0/16', what: 'link-local, where clouds keep metadata and credentials' },
  { range: 'fe80::/10', what: 'link-local' },
  { range: 'fd00:ec2::/32', what: 'a metadata service' },
  { range: '100.100.100.200/32', what: 'a metadata service' },
  { range: '224.0.0.0/4', what: 'multicast' },
  { range: '240.0.0.0/4', what: 'reserved' },
  { range: 'ff00::/8', what: 'multicast' },
]

const lists = forbidden.map(({ range, what }) => {
  const [network = '', prefix = ''] = range.split('/')
  const list = new BlockList()
  list.addSubnet(network, Number(prefix), isIPv4(network) ? 'ipv4' : 'ipv6')
  return { list, what }
})

/**
 * Why a build may not connect to an address; undefined when it may.
 * @param own The addresses of this host's interfaces.
 */
export function refusalOf(address: string, own: readonly string[]): string | undefined {
  const plain = withoutMapping(address)
  if (own.some((other) => sameAddress(other, plain))) return `${plain} is this host`
  const family = isIPv4(plain) ? 'ipv4' : 'ipv6'
  const hit = lists.find(({ list }) => list.check(plain, family))
  return hit && `${plain} is ${hit.what}`
}

/** First six groups of IPv6 addresses that end with an IPv4 one: mapped, compatible, NAT64. */
const embeddings = [
  [0, 0, 0, 0, 0, 0xffff],
  [0, 0, 0, 0, 0, 0],
  [0x64, 0xff9b, 0, 0, 0, 0],
]

/** An IPv4 address inside an IPv6 one reaches the same host (RFC 4291, 2.5.5; NAT64, RFC 6052). */
function withoutMapping(address: string): string {
  if (!isIPv6(address)) return address
  const groups = expand(address)
  const high = groups.slice(0, 6).join(':')
  const embedded = embeddings.some((prefix) => prefix.join(':') === high)
  const [upper = 0, lower = 0] = groups.slice(6)
  if (!embedded || (upper === 0 && lower <= 1)) return address
  return [upper >> 8, upper & 255, lower >> 8, lower & 255].join('.')
}

function sameAddress(one: string, other: string): boolean {
  if (isIPv6(one) && isIPv6(other)) return expand(one).join() === expand(other).join()
  return one === other
}

/** The eight groups of an IPv6 address as numbers. */
function expand(address: string): number[] {
  const url = new URL(`http://[${address.split('%')[0] ?? ''}]/`)
  const [left = '', right] = url.hostname.slice(1, -1).split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const zeros = Array<string>(right === undefined ? 0 : 8 - head.length - tail.length).fill('0')
  return [...head, ...zeros, ...tail].map((group) => parseInt(group, 16))
}
