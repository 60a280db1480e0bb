import * as files from '../host/files.ts'
import { HashingFile } from '../host/hashing-file.ts'
import { listTree } from '../host/tree.ts'
import type { Digest } from '../model/names.ts'
import type { ImageStore } from './image-store.ts'
import { compareEntries, type EntryDifference, type LayerEntries } from './layer-entry.ts'
import { readLayer } from './layer-read.ts'
import { writeLayerTar } from './layer-tar.ts'
import { readTree } from './tree-entries.ts'

/** Whether a layer is still what its digest says, in both of its shapes; and how to make it so again. */

export type Condition = 'intact' | 'damaged' | 'missing'

export interface LayerHealth {
  readonly layer: Digest
  readonly archive: Condition
  readonly tree: Condition
  /** What of the tree is not as in the archive; empty when the archive cannot tell. */
  readonly differences: readonly EntryDifference[]
  /** What the layer has to have; undefined when nobody knows any more. */
  readonly entries: LayerEntries | undefined
}

/** Reads a layer's archive once, and its tree once. */
export async function examineLayer({ blobs, layers }: ImageStore, layer: Digest): Promise<LayerHealth> {
  const read = (await blobs.has(layer)) ? await readLayer(blobs.path(layer)) : undefined
  const archive = read === undefined ? 'missing' : read.digest === layer ? 'intact' : 'damaged'
  const directory = layers.directory(layer)
  if (!(await files.exists(directory))) {
    return {
      layer,
      archive,
      tree: 'missing',
      differences: [],
      entries: archive === 'intact' ? read?.entries : undefined,
    }
  }
  const found = await readTree(directory)
  if (archive === 'intact' && read?.entries) {
    const differences = compareEntries(read.entries, found)
    return { layer, archive, tree: differences.length === 0 ? 'intact' : 'damaged', differences, entries: read.entries }
  }
  // Without an archive to compare it with, the tree still has its digest.
  const isIntact = !hasPrivileges(found) && (await digestOfTree(blobs.temporaryPath('layer'), directory)) === layer
  return {
    layer,
    archive,
    tree: isIntact ? 'intact' : 'damaged',
    differences: [],
    entries: isIntact ? found : undefined,
  }
}

/** What a layer never has, and its archive would not show. */
function hasPrivileges(entries: LayerEntries): boolean {
  return entries.values().some(({ mode }) => (mode & 0o6000) !== 0)
}

async function digestOfTree(temporary: string, directory: string): Promise<Digest> {
  const output = await HashingFile.create(temporary)
  try {
    await writeLayerTar(directory, await listTree(directory), output)
    return `sha256:${await output.finish()}`
  } finally {
    await output.discard()
  }
}

/**
 * Mends the one shape of a layer from the other. When both are damaged, the archive goes and the layer is forgotten, so
 * that the next build makes it anew; the tree stays, for what runs on it may still do.
 * @param aside Where a damaged tree is moved to.
 */
export async function mendLayer(store: ImageStore, health: LayerHealth, aside: string): Promise<boolean> {
  const { layer, archive, tree } = health
  const { blobs, layers, cache } = store
  if (archive === 'intact') {
    if (tree === 'damaged') await layers.replace(layer, aside)
    return true
  }
  if (tree === 'intact') {
    const directory = layers.directory(layer)
    const entries = await listTree(directory)
    await blobs.add((output) => writeLayerTar(directory, entries, output))
    return true
  }
  if (archive === 'damaged') await blobs.remove(layer)
  await cache.forgetLayer(layer)
  return false
}
