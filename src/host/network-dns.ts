import { createSocket } from 'node:dgram'

/** Just enough of DNS (RFC 1035) to ask one server for one IPv4 address. */

const typeA = 1
const classInternet = 1

/**
 * Asks the name server on a port, of 127.0.0.1 unless another address is named, for the addresses of a name.
 * @returns undefined when no answer comes within the time; an empty list when there is no such name
 */
export function askForAddresses(
  name: string,
  port: number,
  { address = '127.0.0.1', milliseconds = 300 }: { readonly address?: string; readonly milliseconds?: number } = {},
): Promise<string[] | undefined> {
  const socket = createSocket('udp4')
  return new Promise<string[] | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), milliseconds)
    const settle = (answer: string[] | undefined) => {
      clearTimeout(timer)
      resolve(answer)
    }
    socket.once('error', () => settle(undefined))
    socket.once('message', (message) => settle(parseAnswer(message)))
    // Connected, so that a port where nobody listens is refused at once.
    socket.connect(port, address, () => socket.send(encodeQuestion(name)))
  }).finally(() => socket.close())
}

/** A message with one question for an A record, recursion not desired. */
export function encodeQuestion(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  const encoded = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'ascii')]))
  const header = Buffer.alloc(12)
  header.writeUInt16BE(Math.floor(Math.random() * 0xffff), 0)
  header.writeUInt16BE(1, 4)
  const tail = Buffer.from([0, 0, typeA, 0, classInternet])
  return Buffer.concat([header, ...encoded, tail])
}

/** The IPv4 addresses of an answer; none for an error. */
export function parseAnswer(message: Buffer): string[] {
  const questions = message.readUInt16BE(4)
  const answers = message.readUInt16BE(6)
  let offset = 12
  for (let index = 0; index < questions; index += 1) offset = afterName(message, offset) + 4
  const addresses: string[] = []
  for (let index = 0; index < answers; index += 1) {
    offset = afterName(message, offset)
    const type = message.readUInt16BE(offset)
    const length = message.readUInt16BE(offset + 8)
    if (type === typeA && length === 4) addresses.push([...message.subarray(offset + 10, offset + 14)].join('.'))
    offset += 10 + length
  }
  return addresses
}

/** Where a name ends: after its zero label, or after a pointer, whose upper two bits are set. */
function afterName(message: Buffer, start: number): number {
  let offset = start
  for (;;) {
    const length = message.readUInt8(offset)
    if (length >= 0xc0) return offset + 2
    if (length === 0) return offset + 1
    offset += length + 1
  }
}
