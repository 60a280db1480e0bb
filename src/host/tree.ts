import { lchownSync, lstatSync, lutimesSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { syncPath } from './files.ts'
import { takeTurns } from './turns.ts'

/** One entry of a directory tree; `path` is relative, without a slash at either end, and empty for the root. */
export interface TreeEntry {
  readonly path: string
  readonly stats: Stats
}

/** A file name that is not UTF-8: it cannot be written down in JSON, TOML or PAX headers. */
export class NotUtf8 extends Error {
  readonly path: string
  constructor(path: string) {
    super(`The file name ${path} is not UTF-8`)
    this.name = 'NotUtf8'
    this.path = path
  }
}

/**
 * Every entry below a directory, itself first (a file: itself alone), sorted by the bytes of the path: parents come before their children.
 * Symbolic links are listed, never followed.
 * @param enter Says whether to go into a directory; without it, into all.
 * @throws NotUtf8 for a name that has no exact text.
 */
export async function listTree(root: string, enter?: (entry: TreeEntry) => boolean): Promise<TreeEntry[]> {
  const top = { path: '', stats: lstatSync(root) }
  const entries: TreeEntry[] = [top]
  const pending = top.stats.isDirectory() ? [''] : []
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const bytes of readdirSync(join(root, directory), { encoding: 'buffer' })) {
      await takeTurns()
      const name = bytes.toString('utf8')
      const path = directory === '' ? name : `${directory}/${name}`
      if (!Buffer.from(name).equals(bytes)) throw new NotUtf8(path)
      const entry = { path, stats: lstatSync(join(root, path)) }
      entries.push(entry)
      if (entry.stats.isDirectory() && (enter?.(entry) ?? true)) pending.push(path)
    }
  }
  return sortByBytes(entries)
}

/** Gives every entry of a tree the times, in seconds since 1970, that `secondsOf` says. */
export async function setTimes(
  root: string,
  entries: readonly TreeEntry[],
  secondsOf: (entry: TreeEntry) => number,
): Promise<void> {
  for (const entry of entries) {
    await takeTurns()
    const seconds = secondsOf(entry)
    lutimesSync(join(root, entry.path), seconds, seconds)
  }
}

/** Gives every entry of a tree to one owner, links themselves and not what they lead to. */
export async function setOwner(root: string, entries: readonly TreeEntry[], owner: number): Promise<void> {
  for (const { path, stats } of entries) {
    await takeTurns()
    if (stats.uid !== owner || stats.gid !== owner) lchownSync(join(root, path), owner, owner)
  }
}

function sortByBytes(entries: TreeEntry[]): TreeEntry[] {
  return entries
    .map((entry) => ({ entry, bytes: Buffer.from(entry.path) }))
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes))
    .map(({ entry }) => entry)
}

/** More entries than this are written out sooner by one call for their whole file system. */
const fewEntries = 200

/** Makes a tree survive a power cut. Symbolic links are part of the directories they are in. */
export async function syncTree(root: string, entries: readonly TreeEntry[]): Promise<void> {
  if (entries.length > fewEntries) {
    await runCommand(['sync', '--file-system', root], { timeoutSeconds: 600 })
    return
  }
  const kept = entries.filter(({ stats }) => stats.isFile() || stats.isDirectory())
  await Promise.all(kept.map(({ path }) => syncPath(join(root, path))))
}
