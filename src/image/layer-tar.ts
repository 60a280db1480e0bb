import { join } from 'node:path'
import { readAttributes, type Attributes } from '../host/file-attributes.ts'
import * as files from '../host/files.ts'
import { HashingFile, readChunks } from '../host/hashing-file.ts'
import { opaqueAttribute } from '../host/mounts.ts'
import type { TreeEntry } from '../host/tree.ts'
import { encodeHeader, endOfArchive, paddingFor, type TarEntry } from './tar.ts'

/** overlayfs as it lies on disk becomes the archive that OCI asks for (image-spec, layer.md, "Whiteouts"). */

const whiteoutPrefix = '.wh.'
export const opaqueMarker = '.wh..wh..opq'
const keptAttributes = `^(${opaqueAttribute.replaceAll('.', '\\.')}|security\\.capability)$`

/** Writes the archive of a normalised upper directory to `output`, the same bytes for the same tree. */
export async function writeLayerTar(root: string, entries: readonly TreeEntry[], output: HashingFile): Promise<void> {
  for await (const { entry, source } of archiveEntries(root, entries, keptAttributes)) {
    if (entry.type === 'character' || entry.type === 'block')
      throw new Error(`${entry.path} is a device or a socket, which a layer cannot hold`)
    await output.write(encodeHeader({ ...entry, mode: entry.mode & 0o1777 }))
    if (entry.type === 'file' && source !== undefined) await writeContent(source, entry.size, output)
  }
  await output.write(endOfArchive)
}

/**
 * The entries that an archive of a tree has, in their order; devices and sockets, which none may have, as devices.
 * @param attributes Which extended attributes count, as a regular expression; undefined: none.
 */
export async function* archiveEntries(
  root: string,
  entries: readonly TreeEntry[],
  attributes: string | undefined,
): AsyncGenerator<{ readonly entry: TarEntry; readonly source?: string }> {
  const found = attributes === undefined ? new Map<string, Attributes>() : await readAttributes(root, attributes)
  const firstPaths = new Map<string, string>()
  for (const each of entries) {
    if (each.path === '') continue
    const own = found.get(each.path)
    const entry = await describe(root, each, firstPaths)
    const kept = keptOf(own, entry)
    const source = each.stats.isFile() ? { source: join(root, each.path) } : {}
    yield { entry: kept.size === 0 ? entry : { ...entry, attributes: kept }, ...source }
    if (isOpaque(own)) yield { entry: opaque(each) }
  }
}

function isOpaque(own: Attributes | undefined): boolean {
  return own?.get(opaqueAttribute)?.toString() === 'y'
}

/** A capability means something on files alone; the archive says "opaque" by a marker. */
function keptOf(own: Attributes | undefined, { type }: TarEntry): Attributes {
  return new Map(
    [...(own ?? [])].filter(([name]) =>
      name === 'security.capability' ? type === 'file' : !(name === opaqueAttribute && isOpaque(own)),
    ),
  )
}

async function describe(root: string, entry: TreeEntry, firstPaths: Map<string, string>): Promise<TarEntry> {
  const { path, stats } = entry
  const common = { ...ownership(entry), size: 0 }
  if (stats.isDirectory()) return { ...common, path: `${path}/`, type: 'directory' }
  if (isWhiteout(entry)) return { ...common, path: whiteoutPath(path), type: 'file', mode: 0 }
  const first = stats.nlink > 1 ? firstPaths.get(`${stats.dev}:${stats.ino}`) : undefined
  if (first !== undefined) return { ...common, path, type: 'hardlink', linkTarget: first }
  if (stats.nlink > 1) firstPaths.set(`${stats.dev}:${stats.ino}`, path)
  if (stats.isFile()) return { ...common, path, type: 'file', size: stats.size }
  if (stats.isSymbolicLink()) {
    return { ...common, path, type: 'symlink', mode: 0o777, linkTarget: await files.readlink(join(root, path)) }
  }
  if (stats.isFIFO()) return { ...common, path, type: 'fifo' }
  return { ...common, path, type: stats.isBlockDevice() ? 'block' : 'character' }
}

function ownership({ stats }: TreeEntry): Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtime'> {
  return { mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, mtime: Math.floor(stats.mtimeMs / 1000) }
}

/** A character device 0/0 hides what the layers below have (kernel, filesystems/overlayfs.rst). */
function isWhiteout({ stats }: TreeEntry): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0
}

function whiteoutPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return `${path.slice(0, slash + 1)}${whiteoutPrefix}${path.slice(slash + 1)}`
}

function opaque(entry: TreeEntry): TarEntry {
  return { ...ownership(entry), path: `${entry.path}/${opaqueMarker}`, type: 'file', mode: 0, size: 0 }
}

async function writeContent(path: string, size: number, output: HashingFile): Promise<void> {
  const before = output.bytes
  for await (const chunk of readChunks(path)) await output.write(chunk)
  if (output.bytes - before !== size) throw new Error(`${path} changed while its layer was written`)
  await output.write(paddingFor(size))
}
