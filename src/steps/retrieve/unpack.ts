import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, type Extract } from 'tar-stream'
import { createWriteStream, hasCode, mkdir, symlink } from '../../host/files.ts'
import type { Digest } from '../../model/names.ts'
import { messageOf } from '../../model/problem.ts'
import { archiveDamaged } from '../../model/problems/retrieve.ts'
import { BesideTheTree } from './beside-the-tree.ts'
import { EntryRules, type EntryHeader, type SafeEntry } from './entry-rules.ts'

export interface UnpackedTree {
  /** Of the tree's paths, kinds, executable bits and contents; not of times, owners or the archive's own bytes. */
  readonly digest: Digest
  readonly files: number
  readonly bytes: number
  /** What describes the image and is no part of it: a new lock or statement makes no other tree. */
  readonly beside: Pick<BesideTheTree, 'lock' | 'attestations'>
}

/**
 * Unpacks a tar archive of a source tree into an empty folder. Modes become 644 or 755, times and owners are not taken.
 * @throws archiveHostile, archiveTooLarge, archiveDamaged; the caller removes the folder
 */
export async function unpackTree(archive: Readable, folder: string, signal: AbortSignal): Promise<UnpackedTree> {
  const tar = extract()
  const reading = pipeline(archive, tar, { signal })
  // An archive that is cut off inside a file leaves that file's stream open for ever; only the reading side fails.
  const cutOff = new Promise<never>((_, reject) => void reading.catch(reject))
  cutOff.catch(() => undefined)
  const writing = new Writing(folder)
  try {
    return await Promise.race([writing.all(tar), cutOff])
  } catch (cause) {
    archive.destroy()
    // What stopped the writing also breaks off the reading, and may be heard of only after that.
    if (writing.failure !== undefined) throw writing.failure
    if (signal.aborted) throw cause
    throw archiveDamaged({ reason: messageOf(cause) }, { cause })
  }
}

/** Writes the entries of one archive. */
class Writing {
  /** A refused entry, or the disk's own failure. */
  failure: Error | undefined
  readonly #folder: string
  readonly #rules = new EntryRules()
  readonly #lines: string[] = []
  readonly #beside = new BesideTheTree()

  constructor(folder: string) {
    this.#folder = folder
  }

  async all(tar: Extract): Promise<UnpackedTree> {
    const totals = { files: 0, bytes: 0 }
    for await (const entry of tar) {
      const kind = await this.#one(entry)
      if (kind === 'file') totals.files += 1
      totals.bytes += entry.header.size
      entry.resume()
    }
    return { digest: digestOf(this.#lines), ...totals, beside: this.#beside }
  }

  async #one(entry: Source): Promise<SafeEntry['kind'] | undefined> {
    try {
      const safe = this.#rules.check(entry.header)
      if (safe && BesideTheTree.has(safe.path)) {
        if (safe.kind === 'file') await this.#beside.take(safe.path, safe.size, entry)
        return undefined
      }
      if (safe) this.#lines.push(await writeEntry(safe, entry, this.#folder))
      return safe?.kind
    } catch (error) {
      // A stream that ends too early is the archive's fault; that is reported by the reading side.
      if (!hasCode(error, 'ERR_STREAM_PREMATURE_CLOSE'))
        this.failure = error instanceof Error ? error : new Error(String(error))
      throw error
    }
  }
}

type Source = AsyncIterable<unknown> & { readonly header: EntryHeader }

/** Writes one entry and gives the line that stands for it in the tree's digest. */
async function writeEntry(entry: SafeEntry, content: AsyncIterable<unknown>, folder: string): Promise<string> {
  const target = join(folder, entry.path)
  await mkdir(dirname(target), { recursive: true })
  switch (entry.kind) {
    case 'directory':
      await mkdir(target, { recursive: true })
      return `directory\0${entry.path}`
    case 'link':
      await symlink(entry.target, target)
      return `link\0${entry.path}\0${entry.target}`
    case 'file': {
      const hash = createHash('sha256')
      const hashed = async function* () {
        for await (const chunk of content as AsyncIterable<Buffer>) {
          // tar-stream yields buffers; its types do not say so
          hash.update(chunk)
          yield chunk
        }
      }
      // 'wx' refuses whatever is there already, so that nothing is ever written through
      await pipeline(hashed, createWriteStream(target, { flags: 'wx', mode: entry.executable ? 0o755 : 0o644 }))
      return `file\0${entry.path}\0${entry.executable ? 'x' : '-'}\0${hash.digest('hex')}`
    }
    default:
      return entry satisfies never
  }
}

function digestOf(lines: readonly string[]): Digest {
  const sorted = lines.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const hash = createHash('sha256').update('berth-tree-1\n')
  for (const line of sorted) hash.update(line).update('\n')
  return `sha256:${hash.digest('hex')}`
}
