import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import { hasCode, lstat, readdir, readlink, readUntrusted, type Dirent } from '../host/files.ts'
import { sourceNameUnusable, sourceTooBig, sourceUnreadable } from '../model/problems/client.ts'
import { ignoreFiles, ignoreRules, type IgnoreRules } from './ignore-rules.ts'

/** One entry of a source tree. Owners and times are not part of it. */
export type TreeEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean; readonly size: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

export interface FolderListing {
  /** Sorted by the bytes of their paths. */
  readonly entries: readonly TreeEntry[]
  /** Sockets, FIFOs and devices, which a source tree cannot hold. */
  readonly skipped: readonly string[]
}

export interface TreeLimits {
  readonly entries: number
  readonly bytes: number
}
export const standardLimits: TreeLimits = { entries: 200_000, bytes: 2 * 1024 ** 3 }

/** Lists what is deployed of a folder. */
export async function listFolder(folder: string, limits: TreeLimits = standardLimits): Promise<FolderListing> {
  const entries: TreeEntry[] = []
  const skipped: string[] = []
  let bytes = 0
  const add = (entry: TreeEntry) => {
    entries.push(entry)
    if (entry.kind === 'file') bytes += entry.size
    const exceeded = bytes > limits.bytes ? '2 GiB' : entries.length > limits.entries ? '200,000 files' : undefined
    if (exceeded) throw sourceTooBig({ folder, limit: exceeded, largest: largestPart(entries, bytes > limits.bytes) })
  }
  const walk = async (below: string, rules: IgnoreRules): Promise<void> => {
    for (const found of await readFolder(folder, below)) {
      const name = nameOf(found, join(folder, below))
      if (rules.leavesOut(name, found.isDirectory())) continue
      const path = below + name
      const entry = await entryOf(folder, path)
      if (!entry) skipped.push(path)
      else add(entry)
      if (entry?.kind === 'folder') await walk(`${path}/`, rules.inside(name, await ignoreTexts(join(folder, path))))
    }
  }
  await walk('', ignoreRules(await ignoreTexts(folder)))
  return { entries: entries.sort(byPathBytes), skipped: skipped.sort() }
}

/** Orders paths by their bytes, which is the same on every machine, whatever its language. */
export function byPathBytes(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))
}

async function ignoreTexts(folder: string): Promise<string[]> {
  const texts = await Promise.all(ignoreFiles.map((name) => readUntrusted(join(folder, name))))
  return texts.filter((text) => text !== undefined)
}

async function readFolder(folder: string, below: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(join(folder, below), { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    throw unreadable(join(folder, below), error)
  }
}

function nameOf({ name }: Dirent<Buffer>, folder: string): string {
  const text = name.toString('utf8')
  if (!Buffer.from(text).equals(name)) throw sourceNameUnusable({ path: join(folder, JSON.stringify(text)) })
  return text
}

async function entryOf(folder: string, path: string): Promise<TreeEntry | undefined> {
  const full = join(folder, path)
  try {
    const facts = await lstat(full)
    if (facts.isDirectory()) return { kind: 'folder', path }
    if (facts.isFile()) return { kind: 'file', path, size: facts.size, executable: (facts.mode & 0o100) !== 0 }
    if (facts.isSymbolicLink()) return { kind: 'link', path, target: await readlink(full) }
    return undefined
  } catch (error) {
    throw unreadable(full, error)
  }
}

/** What to tell of a file that cannot be read. */
export function unreadable(path: string, error: unknown): unknown {
  if (hasCode(error, 'EACCES', 'EPERM')) return sourceUnreadable({ path, why: 'permission denied' })
  if (hasCode(error, 'EIO')) return sourceUnreadable({ path, why: 'the disk gave an error' })
  return error
}

function largestPart(entries: readonly TreeEntry[], byBytes: boolean): string {
  const sums = new Map<string, number>()
  for (const entry of entries) {
    const top = entry.path.split('/', 1)[0] ?? entry.path
    sums.set(top, (sums.get(top) ?? 0) + (byBytes && entry.kind === 'file' ? entry.size : 1))
  }
  return [...sums].reduce((most, next) => (next[1] > most[1] ? next : most), ['', 0])[0]
}
