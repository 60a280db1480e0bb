/**
 * The bytes of a tar archive (POSIX.1-2001, pax, "ustar Interchange Format"). It is berth's own, because the digest of a
 * layer must not change with the version of a library: ustar headers, and a pax header only for what ustar cannot say.
 */

export interface TarEntry {
  /** Without a leading slash; directories end with one. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds. */
  readonly mtime: number
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number
  readonly linkTarget?: string
  readonly device?: { readonly major: number; readonly minor: number }
  /** Extended attributes to keep, by name. */
  readonly attributes?: ReadonlyMap<string, Buffer>
}

const blockSize = 512
const typeFlags = { file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' }

/** The header blocks of one entry; its content and `paddingFor(size)` follow. */
export function encodeHeader(entry: TarEntry): Buffer {
  const records = paxRecords(entry)
  if (records.length === 0) return ustarHeader(entry, typeFlags[entry.type])
  const body = Buffer.concat(records)
  const carrier = { ...entry, path: 'PaxHeaders/entry', size: body.length, linkTarget: '' }
  return Buffer.concat([
    ustarHeader(carrier, 'x'),
    body,
    paddingFor(body.length),
    ustarHeader(entry, typeFlags[entry.type]),
  ])
}

/** Zeros up to the next block. */
export function paddingFor(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize)
}

/** The two zero blocks that end an archive. */
export const endOfArchive = Buffer.alloc(2 * blockSize)

function paxRecords(entry: TarEntry): Buffer[] {
  const records: Buffer[] = []
  const { linkTarget = '', attributes } = entry
  if (!fits(linkTarget)) records.push(paxRecord('linkpath', Buffer.from(linkTarget)))
  if (!fits(entry.path)) records.push(paxRecord('path', Buffer.from(entry.path)))
  if (entry.size > 0o77777777777) records.push(paxRecord('size', Buffer.from(String(entry.size))))
  for (const [name, value] of [...(attributes ?? [])].sort(([one], [other]) => (one < other ? -1 : 1))) {
    records.push(paxRecord(`SCHILY.xattr.${name}`, value))
  }
  return records
}

function fits(text: string): boolean {
  return text.length <= 100 && /^[\x20-\x7e]*$/.test(text)
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself (pax, "pax Header Block"). */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  let length = rest.length
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function ustarHeader(entry: TarEntry, typeFlag: string): Buffer {
  const header = Buffer.alloc(blockSize)
  Buffer.from(entry.path).copy(header, 0, 0, 100)
  writeOctal(header, entry.mode, 100, 8)
  writeOctal(header, entry.uid, 108, 8)
  writeOctal(header, entry.gid, 116, 8)
  writeOctal(header, entry.size > 0o77777777777 ? 0 : entry.size, 124, 12)
  writeOctal(header, entry.mtime, 136, 12)
  header.write(typeFlag, 156)
  Buffer.from(entry.linkTarget ?? '').copy(header, 157, 0, 100)
  header.write('ustar\x0000', 257, 'latin1')
  writeOctal(header, entry.device?.major ?? 0, 329, 8)
  writeOctal(header, entry.device?.minor ?? 0, 337, 8)
  header.fill(' ', 148, 156)
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function writeOctal(header: Buffer, value: number, offset: number, width: number): void {
  const digits = Math.max(0, value)
    .toString(8)
    .padStart(width - 1, '0')
  if (digits.length >= width) throw new Error(`${value} does not fit into a tar header`)
  header.write(`${digits}\0`, offset, 'latin1')
}
