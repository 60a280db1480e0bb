import { join } from 'node:path'
import { pack, type Pack } from 'tar-stream'
import { hasCode, openRegularFile } from '../host/files.ts'
import { sourceChanged } from '../model/problems/client.ts'
import { unreadable, type TreeEntry } from './list-folder.ts'

/**
 * The tar archive that a source tree travels in. Owners, times and all of the mode but the executable bit are left out,
 * so that the same tree gives the same bytes everywhere.
 */
export function packFolder(folder: string, entries: readonly TreeEntry[]): AsyncIterable<Buffer> {
  return packTree(entries, ({ path, size }) => readWhole(join(folder, path), path, size))
}

type FileEntry = Extract<TreeEntry, { kind: 'file' }>

/** Packs entries in their order. `contentOf` gives a file's content in pieces, in all exactly as long as its size. */
export function packTree(
  entries: readonly TreeEntry[],
  contentOf: (file: FileEntry) => AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  const archive = pack()
  fill(archive, entries, contentOf).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  return archive as AsyncIterable<Buffer> // a stream of bytes, which its types leave open
}

async function fill(
  archive: Pack,
  entries: readonly TreeEntry[],
  contentOf: (file: FileEntry) => AsyncIterable<Buffer>,
): Promise<void> {
  for (const entry of entries) {
    if (archive.destroyed) return // nobody reads on: the daemon refused, or the operator pressed Ctrl-C
    if (entry.kind === 'file') await addFile(archive, entry, contentOf(entry))
    else await addOther(archive, entry)
  }
  archive.finalize()
}

const sameForAll = { uid: 0, gid: 0, mtime: new Date(0) }

function addOther(archive: Pack, entry: Exclude<TreeEntry, FileEntry>): Promise<void> {
  const header =
    entry.kind === 'folder'
      ? { ...sameForAll, name: `${entry.path}/`, type: 'directory' as const, mode: 0o755 }
      : { ...sameForAll, name: entry.path, type: 'symlink' as const, linkname: entry.target, mode: 0o777 }
  return new Promise((resolve, reject) => {
    archive.entry(header, (error) => (error ? reject(error) : resolve()))
  })
}

function addFile(archive: Pack, entry: FileEntry, content: AsyncIterable<Buffer>): Promise<void> {
  const mode = entry.executable ? 0o755 : 0o644
  return new Promise((resolve, reject) => {
    const sink = archive.entry({ ...sameForAll, name: entry.path, size: entry.size, mode }, (error) =>
      error ? reject(error) : resolve(),
    )
    sink.on('error', reject)
    const copy = async () => {
      for await (const piece of content) {
        if (!sink.write(piece)) await new Promise<void>((drained) => onceWritable(sink, drained))
        if (archive.destroyed) return
      }
      sink.end(undefined)
    }
    copy().catch(reject)
  })
}

function onceWritable(sink: ReturnType<Pack['entry']>, callback: () => void): void {
  sink.once('drain', () => callback())
  sink.once('close', () => callback())
}

/** Reads a file that must be as long as when it was listed: a tar header has told its size already. */
async function* readWhole(full: string, path: string, size: number): AsyncGenerator<Buffer> {
  const file = await openRegularFile(full).catch((error: unknown) => {
    throw hasCode(error, 'ENOENT', 'ELOOP', 'ENXIO') ? sourceChanged({ path }) : unreadable(full, error)
  })
  if (!file) throw sourceChanged({ path })
  try {
    let left = size
    const buffer = Buffer.allocUnsafe(Math.min(size + 1, 256 * 1024))
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead > left) throw sourceChanged({ path })
      if (bytesRead === 0) break
      left -= bytesRead
      yield Buffer.from(buffer.subarray(0, bytesRead))
    }
    if (left > 0) throw sourceChanged({ path })
  } finally {
    await file.close()
  }
}
