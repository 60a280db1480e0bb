import { noAddressFree } from '../../model/problems/start.ts'
import type { Link } from '../../model/sandbox.ts'

/** Addresses of sandboxes: pairs (RFC 3021) out of one block of 4,096 addresses for each berth instance. */

/** 10.192.0.0/10, where neither Docker, podman, libvirt nor the usual home and office networks put theirs. */
const areaStart = 10 * 2 ** 24 + 192 * 2 ** 16
const blockSize = 4096
const blockCount = 2 ** 22 / blockSize

/** An IPv4 network as `ip -json route` writes it: `10.0.0.0/8`, one address, or `default`. */
export type Route = string

/** A block as a network: what the host has to know as unreachable wherever no sandbox is. */
export function networkOf(block: string): Route {
  return `${block}/20`
}

/**
 * Chooses a block that overlaps no route of the host.
 * @param seed any number; the search begins there, so that two instances begin at different places
 * @param keep the block chosen earlier, which is taken again when it is still free
 * @returns the block's first address
 * @throws noAddressFree
 */
export function chooseBlock(routes: readonly Route[], seed: number, keep?: string): string {
  const taken = routes.flatMap(rangeOf)
  const isFree = (start: number) => taken.every(([from, to]) => start + blockSize <= from || start > to)
  if (keep !== undefined && isFree(numberOf(keep))) return keep
  for (let tried = 0; tried < blockCount; tried += 1) {
    const start = areaStart + ((seed + tried) % blockCount) * blockSize
    if (isFree(start)) return textOf(start)
  }
  throw noAddressFree({ what: 'every block of 10.192.0.0/10 is routed somewhere else' })
}

/** Where all sandboxes of a block ask for names: its last address. */
export function nameServerOf(block: string): string {
  return textOf(numberOf(block) + blockSize - 1)
}

/** The pair number `index` of a block; the last one is not for sandboxes. */
export function linkAt(block: string, index: number): Link {
  if (index * 2 + 3 >= blockSize) throw noAddressFree({ what: `there are ${blockSize / 2 - 1} sandboxes already` })
  const start = numberOf(block) + index * 2
  return { hostAddress: textOf(start), sandboxAddress: textOf(start + 1) }
}

function rangeOf(route: Route): [number, number][] {
  const [address, bits] = route.split('/')
  if (address === undefined || !/^[0-9]+(\.[0-9]+){3}$/.test(address)) return []
  const size = 2 ** (32 - Number(bits ?? 32))
  const start = Math.floor(numberOf(address) / size) * size
  return [[start, start + size - 1]]
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}
