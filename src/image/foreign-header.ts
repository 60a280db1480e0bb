/**
 * Headers of tar archives that somebody else wrote: POSIX.1-2001 (ustar, pax), GNU's and those of before. Only the bytes
 * are read here; whether a path is one to be written to is decided elsewhere.
 */

/** An archive that is damaged, or has what no layer can have. */
export class TarFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TarFault'
  }
}

export type TarType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'

export interface TarHeader {
  /** As it is in the archive. */
  readonly path: string
  readonly type: TarType
  /** Permissions with the set-user, set-group and sticky bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since 1970; what is earlier is 0. */
  readonly mtime: number
  /** Bytes of content that follow. */
  readonly size: number
  readonly linkTarget: string
  /** The value of the extended attribute `security.capability`. */
  readonly capability?: Buffer
}

/** What stands before an entry and is about it. */
export type Records = ReadonlyMap<string, Buffer>

const types: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
}

/** The letter that says what an entry is; the header is checked against its sum. @throws TarFault */
export function typeFlagOf(header: Buffer): string {
  const expected = number(header, 148, 8)
  let [unsigned, signed] = [0, 0]
  for (const [index, byte] of header.entries()) {
    const counted = index >= 148 && index < 156 ? 0x20 : byte
    unsigned += counted
    signed += counted > 127 ? counted - 256 : counted // some wrote the sum of signed characters
  }
  if (expected !== unsigned && expected !== signed) throw new TarFault('a header is damaged')
  return header.toString('latin1', 156, 157)
}

/** @throws TarFault */
export function sizeOf(header: Buffer): number {
  return natural(number(header, 124, 12))
}

/** @throws TarFault for what is damaged, sparse, or of a type that nobody knows */
export function readHeader(header: Buffer, records: Records): TarHeader {
  const path = textOf(records.get('path')) ?? ustarPath(header)
  const flag = typeFlagOf(header)
  const known = types[flag]
  if (!known) throw new TarFault(`${shown(path)} is of the unknown type ${JSON.stringify(flag)}`)
  if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) throw new TarFault(`${shown(path)} is sparse`)
  // Before there was a letter for directories, a slash said so.
  const type = known === 'file' && path.endsWith('/') ? 'directory' : known
  const capability = records.get('SCHILY.xattr.security.capability')
  return {
    ...{ path, type },
    mode: number(header, 100, 8) & 0o7777,
    uid: natural(recorded(records, 'uid') ?? number(header, 108, 8)),
    gid: natural(recorded(records, 'gid') ?? number(header, 116, 8)),
    mtime: Math.floor(Math.max(0, recorded(records, 'mtime') ?? number(header, 136, 12))),
    // Only a file has content, whatever is written for the others (Go, archive/tar, isHeaderOnly).
    size: type === 'file' ? natural(recorded(records, 'size') ?? sizeOf(header)) : 0,
    linkTarget: textOf(records.get('linkpath')) ?? field(header, 157, 100),
    ...(capability === undefined ? {} : { capability }),
  }
}

/** `LENGTH KEY=VALUE\n` (pax, "pax Header Block"). @throws TarFault */
export function parseRecords(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(' ', at)
    const digits = space < 0 ? '' : body.toString('latin1', at, space)
    const end = at + Number(digits)
    const equals = body.indexOf('=', space)
    const isRight =
      /^\d{1,9}$/.test(digits) && end <= body.length && equals > space && equals < end && body[end - 1] === 10
    if (!isRight) throw new TarFault('an extended header is damaged')
    records.set(body.toString('utf8', space + 1, equals), Buffer.from(body.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

/** GNU's long names end with a zero. */
export function parseLongName(body: Buffer): Buffer {
  const end = body.indexOf(0)
  return Buffer.from(end === -1 ? body : body.subarray(0, end))
}

/** A path in a message: short, and without control characters. */
export function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200))
}

function ustarPath(header: Buffer): string {
  const name = field(header, 0, 100)
  // GNU's archives have other things where ustar has the prefix; they say `ustar` and a blank.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? field(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function recorded(records: Records, key: string): number | undefined {
  const text = records.get(key)?.toString('latin1')
  if (text === undefined) return undefined
  if (!/^-?\d{1,15}(\.\d*)?$/.test(text)) throw new TarFault(`an extended header has a damaged ${key}`)
  return Number(text)
}

function field(header: Buffer, offset: number, length: number): string {
  const bytes = header.subarray(offset, offset + length)
  const end = bytes.indexOf(0)
  return textOf(end === -1 ? bytes : bytes.subarray(0, end)) ?? ''
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined
  try {
    const text = utf8.decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // said below
  }
  throw new TarFault(`the name ${shown(bytes.toString('utf8'))} is not UTF-8`)
}

/** Octal digits with blanks around them; or GNU's binary number, whose first bit is set. */
function number(header: Buffer, offset: number, length: number): number {
  const bytes = header.subarray(offset, offset + length)
  if (((bytes[0] ?? 0) & 0x80) !== 0) return binaryNumber(bytes)
  const text = bytes.toString('latin1').replaceAll(/^[ \0]+|[ \0][^]*$/g, '')
  if (!/^[0-7]*$/.test(text)) throw new TarFault('a header has a damaged number')
  return text === '' ? 0 : parseInt(text, 8)
}

function natural(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new TarFault('a header has a damaged number')
  return value
}

function binaryNumber(bytes: Buffer): number {
  if (((bytes[0] ?? 0) & 0x40) !== 0) return -1 // negative: a time before 1970
  const value = bytes.reduce((sum, byte, index) => sum * 256n + BigInt(index === 0 ? byte & 0x3f : byte), 0n)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new TarFault('a header has a number that is too large')
  return Number(value)
}
