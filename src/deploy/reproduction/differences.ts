import { join } from 'node:path'
import * as files from '../../host/files.ts'
import {
  causeOf,
  causeWords,
  compareEntries,
  databaseOf,
  largestCompared,
  readLayer,
  readTree,
  sourceOf,
  type Builds,
  type EntryDifference,
  type ImageStore,
  type LayerEntries,
} from '../../image/index.ts'
import type { Digest } from '../../model/names.ts'
import type { Image } from '../../model/plan.ts'
import type { BuildDifference } from '../../model/proof.ts'

/** One image in one store. */
export interface Stored {
  readonly store: ImageStore
  readonly image: Image
}

/** So many files are read to find out why they differ. */
const mostExplained = 200

/**
 * What of an image came out differently, layer by layer.
 * @param titles What the layers of the second image are called.
 * @param builds What is known of the surroundings of both.
 */
export async function differencesOf(
  first: Stored,
  second: Stored,
  { titles, builds }: { readonly titles: ReadonlyMap<Digest, string>; readonly builds: Builds },
): Promise<BuildDifference[]> {
  const found: BuildDifference[] = []
  const [before, after] = [first.image.layers, second.image.layers]
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    const [one, other] = [before[index], after[index]]
    const title = (other && titles.get(other)) ?? `layer ${index + 1}`
    if (one === undefined || other === undefined) {
      found.push({ layer: title, path: '', detail: one ? 'the layer is gone' : 'the layer was added' })
    } else if (one !== other) {
      found.push(...(await layerDifferences({ title, first, second, one, other, builds })))
    }
  }
  return found.length > 0 ? found : configDifferences(first, second)
}

interface LayerPair {
  readonly title: string
  readonly first: Stored
  readonly second: Stored
  readonly one: Digest
  readonly other: Digest
  readonly builds: Builds
}

async function layerDifferences({ title, first, second, one, other, builds }: LayerPair): Promise<BuildDifference[]> {
  const differences = compareEntries(await entriesOf(first, one), await entriesOf(second, other))
  const [from, to] = [await first.store.layers.restore(one), await second.store.layers.restore(other)]
  const paths = new Set(differences.map(({ path }) => path))
  const explained: BuildDifference[] = []
  for (const [index, difference] of differences.entries()) {
    const contents = index < mostExplained ? await contentsOf(difference, from, to) : undefined
    const reason =
      consequenceOf(difference.path, paths) ??
      databaseOf(difference.path, paths) ??
      causeWords[causeOf(difference, contents, builds)]
    explained.push({ layer: title, path: difference.path, detail: difference.detail, reason })
  }
  return explained.sort((former, latter) => Number(isConsequence(former)) - Number(isConsequence(latter)))
}

const consequences = {
  compiled: 'it was compiled from a source that differs',
  listed: 'it lists the hashes of files that differ',
} as const

/** What differs because something else does, which is what has to be mended. */
function consequenceOf(path: string, differing: ReadonlySet<string>): string | undefined {
  if (path.endsWith('.pyc') && differing.has(sourceOf(path))) return consequences.compiled
  const isListed = isRecord(path) && [...differing].some((other) => !isRecord(other))
  return isListed ? consequences.listed : undefined
}

function isRecord(path: string): boolean {
  return path.endsWith('.dist-info/RECORD')
}

function isConsequence({ reason }: BuildDifference): boolean {
  return reason === consequences.compiled || reason === consequences.listed
}

async function entriesOf({ store }: Stored, layer: Digest): Promise<LayerEntries> {
  const { digest, entries } = await readLayer(store.blobs.path(layer))
  return digest === layer && entries ? entries : readTree(store.layers.directory(layer))
}

async function contentsOf(
  { path, aspects }: EntryDifference,
  from: string,
  to: string,
): Promise<readonly [Buffer, Buffer] | undefined> {
  if (!aspects.includes('content')) return undefined
  const read = (root: string) => files.readStart(join(root, path), largestCompared)
  return [await read(from), await read(to)]
}

/** The layers are the same, so it is what the image says of itself. */
function configDifferences({ image: one }: Stored, { image: other }: Stored): BuildDifference[] {
  const [before, after] = [one.config, other.config].map((config) => new Map(Object.entries(config)))
  const names = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort()
  const changed = names.filter((name) => JSON.stringify(before?.get(name)) !== JSON.stringify(after?.get(name)))
  const detail = (name: string) => `${JSON.stringify(before?.get(name))} became ${JSON.stringify(after?.get(name))}`
  const listed = changed.map((name) => ({ layer: 'image', path: name, detail: detail(name) }))
  return listed.length > 0 ? listed : [{ layer: 'image', path: 'created', detail: 'the time of the image differs' }]
}
