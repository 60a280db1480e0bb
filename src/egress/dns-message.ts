import { randomInt } from 'node:crypto'
import { addressNumber } from '../model/addresses.ts'

/** As much of DNS (RFC 1035, RFC 6891) as it takes to hand on questions for IPv4 addresses. Both sides are untrusted. */

export const typeA = 1
const classInternet = 1
const typeOptions = 41
/** Largest answer that we take by UDP; what fits through every network (DNS flag day 2020). */
const largestAnswer = 1232

export const rcodes = { ok: 0, failed: 2, noSuchName: 3 } as const
export type Rcode = (typeof rcodes)[keyof typeof rcodes]

export interface Question {
  readonly id: number
  /** In lower case, without the dot at its end; undefined for one with characters that no host's name has. */
  readonly name: string | undefined
  readonly type: number
  /** Header and question as they came, for the answer. */
  readonly head: Buffer
}

/** Reads a plain question; undefined for everything else, which gets no answer. */
export function parseQuestion(message: Buffer): Question | undefined {
  if (message.length < 17 || message.length > 1024) return undefined
  const flags = message.readUInt16BE(2)
  const isPlain = (flags & 0xf800) === 0 && message.readUInt16BE(4) === 1 && message.readUInt16BE(6) === 0
  if (!isPlain) return undefined
  const found = readName(message, 12)
  if (!found || found.wasShortened || found.end + 4 > message.length) return undefined
  if (message.readUInt16BE(found.end + 2) !== classInternet) return undefined
  return {
    id: message.readUInt16BE(0),
    name: hostName(found.labels),
    type: message.readUInt16BE(found.end),
    head: message.subarray(0, found.end + 4),
  }
}

export interface Answer {
  readonly rcode: Rcode
  readonly addresses: readonly string[]
  /** Seconds for which the asker may keep it. */
  readonly ttl: number
}

/** Answers a question; the addresses are those of the very name that was asked for. */
export function answerTo({ head }: Question, { rcode, addresses, ttl }: Answer): Buffer {
  const header = Buffer.from(head)
  // An answer, recursion available, and desired as it was in the question.
  header.writeUInt16BE(0x8080 | (head.readUInt16BE(2) & 0x0100) | rcode, 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt32BE(0, 8)
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16)
    record.writeUInt16BE(0xc00c, 0) // the name of the question
    record.writeUInt16BE(typeA, 2)
    record.writeUInt16BE(classInternet, 4)
    record.writeUInt32BE(ttl, 6)
    record.writeUInt16BE(4, 10)
    record.writeUInt32BE(addressNumber(address) ?? 0, 12)
    return record
  })
  return Buffer.concat([header, ...records])
}

/** A question for the IPv4 addresses of a name, with a number that nobody can guess. */
export function encodeQuery(name: string): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(randomInt(0x10000), 0)
  header.writeUInt16BE(0x0100, 2) // recursion desired
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(1, 10)
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'ascii')]))
  const options = Buffer.alloc(11)
  options.writeUInt16BE(typeOptions, 1)
  options.writeUInt16BE(largestAnswer, 3)
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, typeA, 0, classInternet]), options])
}

export interface Reply {
  readonly rcode: number
  readonly wasCut: boolean
  readonly records: readonly { readonly address: string; readonly ttl: number }[]
}

/** Reads the answer to a query; undefined for what is no answer to it, or is broken. */
export function parseReply(query: Buffer, message: Buffer): Reply | undefined {
  if (message.length < 12 || message.readUInt16BE(0) !== query.readUInt16BE(0)) return undefined
  const flags = message.readUInt16BE(2)
  const [asked, echoed] = [readName(query, 12), readName(message, 12)]
  if ((flags & 0x8000) === 0 || message.readUInt16BE(4) !== 1 || !asked || !echoed) return undefined
  if (asked.labels.join('.') !== echoed.labels.join('.').toLowerCase()) return undefined
  const records = readRecords(message, echoed.end + 4, message.readUInt16BE(6))
  return records && { rcode: flags & 0x000f, wasCut: (flags & 0x0200) !== 0, records }
}

/** The addresses among `count` records; a record that was cut off ends them. */
function readRecords(message: Buffer, start: number, count: number): Reply['records'] | undefined {
  const records: { address: string; ttl: number }[] = []
  let offset = start
  for (let index = 0; index < count; index += 1) {
    const name = readName(message, offset)
    if (!name || name.end + 10 > message.length) return records
    const length = message.readUInt16BE(name.end + 8)
    const data = message.subarray(name.end + 10, name.end + 10 + length)
    if (data.length < length) return records
    const isAddress = message.readUInt16BE(name.end) === typeA && message.readUInt16BE(name.end + 2) === classInternet
    if (isAddress && length === 4)
      records.push({ address: [...data].join('.'), ttl: message.readUInt32BE(name.end + 4) })
    offset = name.end + 10 + length
  }
  return records
}

interface ReadName {
  readonly labels: readonly string[]
  /** Where the name ends in the message. */
  readonly end: number
  readonly wasShortened: boolean
}

/** Reads a name, following pointers (RFC 1035, 4.1.4) a bounded number of times. */
function readName(message: Buffer, start: number): ReadName | undefined {
  const labels: string[] = []
  let [offset, end, jumps, size] = [start, undefined as number | undefined, 0, 0]
  for (;;) {
    const length = message[offset]
    if (length === undefined) return undefined
    if (length >= 0xc0) {
      if (offset + 2 > message.length || (jumps += 1) > 16) return undefined
      end ??= offset + 2
      offset = message.readUInt16BE(offset) & 0x3fff
      continue
    }
    if (length === 0) return { labels, end: end ?? offset + 1, wasShortened: jumps > 0 }
    size += length + 1
    if (length > 63 || size > 254 || offset + 1 + length > message.length) return undefined
    labels.push(message.toString('latin1', offset + 1, offset + 1 + length))
    offset += length + 1
  }
}

function hostName(labels: readonly string[]): string | undefined {
  const name = labels.join('.').toLowerCase()
  const isPlain = labels.length > 0 && labels.every((label) => /^[A-Za-z0-9_-]+$/.test(label))
  return isPlain ? name : undefined
}
