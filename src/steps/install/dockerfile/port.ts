import { TextFault } from './text-fault.ts'

/**
 * Reads a word of `EXPOSE`: `80`, `53/udp`, `8000-8010`; an address and a port of the host before it are dropped.
 * @returns `port/protocol`, one for each port.
 * @throws TextFault
 */
export function parsePorts(word: string): string[] {
  const container = word.split(':').at(-1) ?? ''
  const [, from, to, protocol = 'tcp'] = /^(\d{1,9})(?:-(\d{1,9}))?(?:\/(tcp|udp|sctp)?)?$/i.exec(container) ?? []
  const first = Number(from)
  const last = to === undefined ? first : Number(to)
  if (from === undefined || last < first || last > 65535) {
    throw new TextFault('value', { message: `\`${word}\` is no port`, fix: 'Write it as 8080, 53/udp or 8000-8010' })
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`)
}

/** Whether a word maps a port, which is not for an image to say. */
export function mapsPort(word: string): boolean {
  return word.includes(':')
}
