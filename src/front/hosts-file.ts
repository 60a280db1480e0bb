/** The table of the front, as dnsmasq reads it: one address and one name a line (hosts(5)). */

/** What is put behind every host name, so that no name of the outer world is ever asked for or answered. */
export const zone = 'berth.internal'

/** Its address counts the tables: when the name server gives the new one, it has read the whole table. */
export const serialName = `serial.${zone}`

export function hostsFile(table: ReadonlyMap<string, string>, serial: number): string {
  const routes = [...table].map(([host, address]) => `${address} ${host.toLowerCase()}.${zone}`).sort()
  return `${[...routes, `${serialAddress(serial)} ${serialName}`].join('\n')}\n`
}

/** 24 bits in an address of the loopback network. */
export function serialAddress(serial: number): string {
  return `127.${(serial >> 16) & 0xff}.${(serial >> 8) & 0xff}.${serial & 0xff}`
}

/** The serial of a table that an earlier berth wrote; 0 when there is none. */
export function serialOf(hostsFileText: string): number {
  const match = /^127\.(\d+)\.(\d+)\.(\d+) serial\./m.exec(hostsFileText)
  return match ? (Number(match[1]) << 16) | (Number(match[2]) << 8) | Number(match[3]) : 0
}
