import { createHash } from 'node:crypto'
import * as files from '../host/files.ts'
import { readChunks } from '../host/hashing-file.ts'
import { listTree, type TreeEntry } from '../host/tree.ts'
import { headBytes, keepsHead, type LayerEntry } from './layer-entry.ts'
import { archiveEntries } from './layer-tar.ts'
import type { TarEntry } from './tar.ts'

/** Attributes that change what a file does or what overlayfs makes of it: those that no layer has count as well. */
const meaningful =
  '^((trusted|user)\\.overlay\\.(opaque|redirect|metacopy)|security\\.capability|system\\.posix_acl_.*)$'

export interface Reading {
  /** Says what is not to be looked at, with all that is in it. */
  readonly skip?: (path: string) => boolean
  /** Default: true. */
  readonly withAttributes?: boolean
}

/** A directory on disk as the layer that it is, or should be. */
export async function readTree(
  root: string,
  { skip = () => false, withAttributes = true }: Reading = {},
): Promise<Map<string, LayerEntry>> {
  const listed = await listTree(root, ({ path }) => !skip(path))
  const entries = new Map<string, LayerEntry>()
  const attributes = withAttributes ? meaningful : undefined
  for await (const { entry, source } of archiveEntries(root, wanted(listed, skip), attributes)) {
    const path = entry.path.replace(/\/$/, '')
    entries.set(path, { ...plain(entry), path, ...(await contentOf(entry, source)) })
  }
  return entries
}

function wanted(listed: readonly TreeEntry[], skip: (path: string) => boolean): readonly TreeEntry[] {
  return listed.filter(({ path }) => !skip(path))
}

function plain({ type, mode, uid, gid, mtime, size, linkTarget, attributes }: TarEntry): Omit<LayerEntry, 'path'> {
  const lines = [...(attributes ?? [])].map(([name, value]) => `${name}=${value.toString('hex')}`)
  const link = linkTarget === undefined ? {} : { linkTarget }
  return { type, mode, uid, gid, mtime, size, ...link, attributes: lines.sort().join('\n') }
}

async function contentOf({ type, path }: TarEntry, source: string | undefined): Promise<Partial<LayerEntry>> {
  if (type !== 'file') return {}
  const hash = createHash('sha256')
  // Whiteouts and markers are empty files in an archive.
  if (source !== undefined) for await (const chunk of readChunks(source)) hash.update(chunk)
  const head = source !== undefined && keepsHead(path) ? { head: await files.readStart(source, headBytes) } : {}
  return { sha256: hash.digest('hex'), ...head }
}
