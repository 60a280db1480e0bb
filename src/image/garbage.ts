import { basename, join } from 'node:path'
import * as files from '../host/files.ts'
import { pathsOf, type Instance } from '../host/instance.ts'
import { listTree } from '../host/tree.ts'
import { hexOf, type Digest } from '../model/names.ts'
import type { BlobStore } from './blobs.ts'
import type { Cache, LayerRecord } from './cache.ts'
import { parseManifest } from './manifest.ts'

/** One thing that can be removed. */
export interface Garbage {
  readonly kind: 'image' | 'layer' | 'blob' | 'record' | 'temporary'
  /** What to call it: the title of a layer where it is known. */
  readonly name: string
  readonly path: string
  readonly bytes: number
}

export interface GarbageQuestion {
  readonly instance: Instance
  readonly blobs: BlobStore
  readonly cache: Cache
  readonly keepImages: readonly Digest[]
  /** What else releases need: their locks, their sources, what their locks name. */
  readonly keepBlobs: readonly Digest[]
}

/**
 * Everything in the store that cannot be reached from the images to keep. Layers that a kept layer was built on are
 * kept with it, so that a small change does not build a compiler's layer again.
 */
export async function findGarbage(question: GarbageQuestion): Promise<Garbage[]> {
  const { instance, cache } = question
  const paths = pathsOf(instance)
  const oldest = activeSince(instance.home)
  const kept = await reachable(question)
  const records = await readRecords(cache)
  const titles = new Map([...records.values()].map((record) => [hexOf(record.diffId), record.title]))
  const blobs = await entriesOf(paths.blobs)
  const images = new Set(await manifestsAmong(question, blobs))
  const list = async (kind: Garbage['kind'], directory: string, keeps: (name: string) => boolean) =>
    (await entriesOf(directory))
      .filter((name) => !keeps(name))
      .map((name) => ({ kind, name, path: join(directory, name) }))
  const found = [
    ...(await list('image', paths.blobs, (name) => kept.blobs.has(name) || !images.has(name))),
    ...(await list('layer', paths.layers, (name) => kept.blobs.has(name))),
    ...(await list('blob', paths.blobs, (name) => kept.blobs.has(name) || images.has(name))),
    ...(await list('record', cache.layersDirectory, (name) => kept.records.has(basename(name, '.json')))),
    ...(await list('record', cache.answersDirectory, (name) => kept.answers.has(basename(name, '.json')))),
    ...(await list('temporary', paths.temporary, () => false)),
  ]
  return measure(found, titles, oldest)
}

async function measure(
  found: readonly Omit<Garbage, 'bytes'>[],
  titles: ReadonlyMap<string, string>,
  oldest: number,
): Promise<Garbage[]> {
  const measured: Garbage[] = []
  for (const item of found) {
    const size = await sizeOf(item.path, oldest)
    if (size === undefined) continue
    const title = item.kind === 'layer' ? titles.get(item.name) : undefined
    measured.push({ ...item, name: title ?? item.name.slice(0, 12), bytes: size })
  }
  return measured
}

/** Bytes on disk; undefined for what has gone, or is younger than the oldest build that goes on. */
async function sizeOf(path: string, oldest: number): Promise<number | undefined> {
  try {
    const { ctimeMs } = await files.lstat(path)
    if (ctimeMs >= oldest) return undefined
    const entries = await listTree(path)
    return entries.reduce((sum, { stats }) => sum + (stats.isFile() ? stats.size : 0), 0)
  } catch (error) {
    if (files.hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

interface Reachable {
  /** Names of blobs and of layers. */
  readonly blobs: Set<string>
  readonly records: Set<string>
  readonly answers: Set<string>
}

async function reachable({ blobs, cache, keepImages, keepBlobs }: GarbageQuestion): Promise<Reachable> {
  const kept: Reachable = { blobs: new Set(keepBlobs.map(hexOf)), records: new Set(), answers: new Set() }
  for (const image of keepImages) {
    kept.blobs.add(hexOf(image))
    const manifest = parseManifest((await files.readText(blobs.path(image))) ?? '')
    for (const digest of manifest ? [manifest.config, ...manifest.layers] : []) kept.blobs.add(hexOf(digest))
  }
  const records = await readRecords(cache)
  const pending = [...records].filter(([, record]) => kept.blobs.has(hexOf(record.diffId))).map(([key]) => key)
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    const record = records.get(key)
    if (!record || kept.records.has(key)) continue
    kept.records.add(key)
    kept.blobs.add(hexOf(record.diffId))
    for (const answer of record.answers) kept.answers.add(answer)
    pending.push(...record.standsOn)
  }
  return kept
}

async function readRecords(cache: Cache): Promise<Map<string, LayerRecord>> {
  const records = new Map<string, LayerRecord>()
  for (const name of await entriesOf(cache.layersDirectory)) {
    const key = basename(name, '.json')
    const record = await cache.layer(key)
    if (record) records.set(key, record)
  }
  return records
}

const largestDocument = 64 * 1024

async function manifestsAmong({ blobs }: GarbageQuestion, names: readonly string[]): Promise<string[]> {
  const manifests: string[] = []
  for (const name of names) {
    const text = await files.readUntrusted(blobs.path(`sha256:${name}`), largestDocument)
    if (text?.startsWith('{') && parseManifest(text)) manifests.push(name)
  }
  return manifests
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return (await files.readdir(directory)).sort()
  } catch (error) {
    if (files.hasCode(error, 'ENOENT')) return []
    throw error
  }
}

const activeBuilds = new Map<string, number[]>()

/** When the oldest build of this home that goes on began, in milliseconds; infinity when there is none. */
function activeSince(home: string): number {
  return Math.min(Infinity, ...(activeBuilds.get(home) ?? []))
}

/** Keeps what a build makes from being taken for garbage until the returned function is called. */
export function protectBuild(home: string): () => void {
  // The kernel's clock for files lags behind by up to one tick.
  const started = Date.now() - 1000
  activeBuilds.set(home, [...(activeBuilds.get(home) ?? []), started])
  return () => {
    const rest = [...(activeBuilds.get(home) ?? [])]
    rest.splice(rest.indexOf(started), 1)
    activeBuilds.set(home, rest)
  }
}
