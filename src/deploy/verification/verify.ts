import { examineLayer, mergeLayers, checkByteCode, type LayerHealth } from '../../image/index.ts'
import { readFile } from '../../host/files.ts'
import { join } from 'node:path'
import { releaseName, type Digest } from '../../model/names.ts'
import type { Image } from '../../model/plan.ts'
import { Problem } from '../../model/problem.ts'
import { appNeverDeployed } from '../../model/problems/state.ts'
import type { Drift, Verification } from '../../model/proof.ts'
import type { Release } from '../../model/release.ts'
import type { App } from '../../store/apps.ts'
import type { Berth } from '../berth.ts'
import { runningDrift } from './running.ts'

/**
 * Holds the release of an application that serves, or that served last, against what is stored and what runs: each
 * archive and each directory is read once.
 * @throws appNeverDeployed
 */
export async function verifyApp(berth: Berth, app: App): Promise<Verification> {
  using held = await berth.busy.holdStore()
  const serving = berth.state.sandboxes.serving(app)
  const number = serving?.release ?? app.currentRelease
  if (number === undefined) throw appNeverDeployed({ app: app.name })
  const release = berth.state.releases.get(app, number)
  const titles = await berth.images.cache.titles()
  const layers: LayerHealth[] = []
  for (const layer of release.layers) layers.push(await examineLayer(berth.images, layer))
  const stored = [...(await imageDrift(berth, release)), ...layers.flatMap((health) => layerDrift(health, titles))]
  const running = serving ? await runningDrift(berth, { app, release, record: serving, layers }) : []
  const known = new Set(stored.map(({ path }) => path))
  const byteCode = await staleDrift(berth, layers)
  return {
    ...{ app: app.name, release: releaseName(number), image: release.image, ...sizeOf(layers) },
    byteCode: byteCode.files,
    ...(serving ? { sandbox: serving.id } : {}),
    // What was changed on the disk is also seen by what runs on it: it is told of once.
    drift: [...stored, ...byteCode.drift, ...running.filter(({ path }) => path === undefined || !known.has(path))],
  }
}

/** The documents of an image name all the rest: they have to be what their digests say, and to fit the release. */
async function imageDrift({ images }: Berth, release: Release): Promise<Drift[]> {
  const where = 'image'
  try {
    const image = await images.readImage(release.image)
    return isSame(image, release) ? [] : [{ where, what: 'it does not fit the release' }]
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return [{ where, what: error.text.message }]
  }
}

function isSame({ layers, config }: Image, { layers: wanted, run }: Release): boolean {
  const essence = [layers, config.argv, config.workdir]
  return JSON.stringify(essence) === JSON.stringify([wanted, run.argv, run.workdir])
}

function layerDrift({ layer, archive, tree, differences }: LayerHealth, titles: ReadonlyMap<Digest, string>): Drift[] {
  const where = titles.get(layer) ?? `layer ${layer.slice('sha256:'.length, 19)}`
  const drift: Drift[] = differences.map(({ path, detail }) => ({ where, path, what: detail }))
  if (archive !== 'intact') drift.push({ where, what: `its archive is ${archive}` })
  if (tree === 'damaged' && differences.length === 0) drift.push({ where, what: 'its files are not what they were' })
  return drift
}

function sizeOf(layers: readonly LayerHealth[]): { files: number; bytes: number } {
  const entries = layers.flatMap((health) => [...(health.entries?.values() ?? [])])
  return { files: entries.length, bytes: entries.reduce((sum, { size }) => sum + size, 0) }
}

/** Looked at only where the files are what they should be: else the source in question is not the source. */
async function staleDrift(
  { images }: Berth,
  layers: readonly LayerHealth[],
): Promise<{ files: number; drift: Drift[] }> {
  if (layers.some(({ entries, tree }) => entries === undefined || tree !== 'intact')) return { files: 0, drift: [] }
  const merged = mergeLayers(layers.flatMap(({ entries }) => entries ?? []))
  const { files, stale } = await checkByteCode(merged, (path) => {
    const top = layers.findLast(({ entries }) => entries?.has(path))
    return readFile(join(top ? images.layers.directory(top.layer) : '', path))
  })
  return {
    files,
    drift: stale.map(({ path, reason }) => ({ where: 'image', path, what: `stale byte-code: ${reason}` })),
  }
}
