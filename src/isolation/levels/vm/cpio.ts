/** Something in an archive that the kernel unpacks into memory before it starts. */
export interface Entry {
  /** Without a leading slash. */
  readonly path: string
  readonly mode: number
  readonly content: Uint8Array
}

const [directory, file] = [0o040000, 0o100000]

/**
 * An archive as the kernel reads it (buffer-format.rst of its documentation, "newc"). The same entries give the same
 * bytes: no times, no owners but root. Directories on the way to a file need no entry of their own.
 */
export function cpioArchive(entries: readonly Entry[]): Buffer {
  const parents = new Set(entries.flatMap(({ path }) => parentsOf(path)))
  const parts = [
    ...[...parents].sort().map((path) => record({ path, mode: 0o755, content: new Uint8Array() }, directory)),
    ...entries.map((entry) => record(entry, file)),
    record({ path: 'TRAILER!!!', mode: 0, content: new Uint8Array() }, 0),
  ]
  return Buffer.concat(parts)
}

function parentsOf(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

function record({ path, mode, content }: Entry, kind: number): Buffer {
  const links = kind === directory ? 2 : 1
  // Inode, mode, user, group, links, time, size, four numbers of devices, length of the name, sum.
  const fields = [0, kind | mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, path.length + 1, 0]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${path}\0`
  return Buffer.concat([padded(Buffer.from(header, 'latin1')), padded(content)])
}

function padded(bytes: Uint8Array): Buffer {
  const result = Buffer.alloc(Math.ceil(bytes.length / 4) * 4)
  result.set(bytes)
  return result
}
