import type { Digest } from '../model/names.ts'
import type { FileChange, FileDifference } from '../model/supply-chain.ts'
import { layerMissing } from '../model/problems/install.ts'
import type { ImageStore } from './image-store.ts'
import { compareEntries, type EntryDifference, type LayerEntries, type LayerEntry } from './layer-entry.ts'
import { readLayer } from './layer-read.ts'
import { mergeLayers } from './merged-layers.ts'
import { readTree } from './tree-entries.ts'

/** The two stacks of layers to compare, each lowest first. */
export interface Stacks {
  readonly from: readonly Digest[]
  readonly to: readonly Digest[]
}

/**
 * What an application would see differ between two images: their layers are laid over each other first.
 * @param most How many differences to list
 * @throws layerMissing when one of the layers is not in the store
 */
export async function compareImages(store: ImageStore, { from, to }: Stacks, most: number): Promise<FileDifference> {
  const layers = new Map<Digest, LayerEntries>()
  for (const digest of [...from, ...to]) if (!layers.has(digest)) layers.set(digest, await entriesOf(store, digest))
  const stack = (digests: readonly Digest[]) => mergeLayers(digests.flatMap((digest) => layers.get(digest) ?? []))
  const [before, after] = [stack(from), stack(to)]
  const all = compareEntries(before, after)
  const differences = all.filter(({ aspects }) => aspects.join() !== 'time')
  const count = (change: FileChange['change']) =>
    differences.filter((difference) => difference.change === change).length
  return {
    added: count('added'),
    removed: count('removed'),
    changed: count('changed'),
    list: differences.slice(0, most).map((difference) => describe(difference, before, after)),
    otherTime: all.length - differences.length,
  }
}

async function entriesOf({ blobs, layers }: ImageStore, digest: Digest): Promise<LayerEntries> {
  if (await blobs.has(digest)) {
    const { digest: found, entries } = await readLayer(blobs.path(digest))
    if (found === digest && entries) return entries
  }
  if (!(await layers.has(digest))) throw layerMissing({ digest })
  return readTree(await layers.restore(digest))
}

function describe({ path, change, detail }: EntryDifference, before: LayerEntries, after: LayerEntries): FileChange {
  const [from, to] = [sizeOf(before.get(path)), sizeOf(after.get(path))]
  return {
    change,
    path: `/${path}`,
    detail,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }
}

function sizeOf(entry: LayerEntry | undefined): number | undefined {
  return entry?.type === 'file' ? entry.size : undefined
}
