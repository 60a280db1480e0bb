/** IPv4 addresses and networks as numbers, and which of them mean what. */

/** An address as a number; undefined when the text is none. Leading zeros are refused: some programs read them octal. */
export function addressNumber(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined
  }
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** First and last address of `10.0.0.0/8` or of one address; undefined when the text is neither. */
export function networkRange(text: string): readonly [number, number] | undefined {
  const [address = '', bits, more] = text.split('/')
  const start = addressNumber(address)
  if (start === undefined || more !== undefined) return undefined
  if (bits === undefined) return [start, start]
  if (!/^(0|[1-9]|[12][0-9]|3[0-2])$/.test(bits)) return undefined
  const size = 2 ** (32 - Number(bits))
  const first = Math.floor(start / size) * size
  return [first, first + size - 1]
}

/** Whether all of one network lies in another. */
export function covers(outer: string, inner: string): boolean {
  const [outside, inside] = [networkRange(outer), networkRange(inner)]
  return outside !== undefined && inside !== undefined && outside[0] <= inside[0] && outside[1] >= inside[1]
}

/** What no declaration opens: this host, and what means no single machine. */
export const neverOpened: Readonly<Record<string, string>> = {
  '0.0.0.0/8': 'this host',
  '127.0.0.0/8': 'this host',
  '169.254.0.0/16': 'link-local, where clouds keep metadata and credentials',
  '224.0.0.0/4': 'multicast',
  '240.0.0.0/4': 'reserved',
}

/** What `internet` does not open, beside `neverOpened` (the IANA registry of special-purpose addresses, RFC 6890). */
export const notPublic = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '168.63.129.16/32', // Azure answers machines of its own there
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
] as const

const neverRanges = Object.entries(neverOpened).map(([network, what]) => ({ range: rangeOf(network), what }))
const privateRanges = notPublic.map(rangeOf)

function rangeOf(network: string): readonly [number, number] {
  const range = networkRange(network)
  if (!range) throw new Error(`not a network: ${network}`)
  return range
}

/** Why a network may never be opened, as far as it overlaps with such a one; undefined when it does not. */
export function whyNever([first, last]: readonly [number, number]): string | undefined {
  return neverRanges.find(({ range: [from, to] }) => first <= to && last >= from)?.what
}

/** Whether an address is one of the Internet's own, which `internet` opens. */
export function isPublicAddress(text: string): boolean {
  const address = addressNumber(text)
  if (address === undefined || whyNever([address, address]) !== undefined) return false
  return !privateRanges.some(([from, to]) => address >= from && address <= to)
}
