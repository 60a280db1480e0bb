import { join } from 'node:path'
import { exists, mkdir, readdir, removeTree } from '../../host/files.ts'
import { examineLayer, mendLayer, type LayerHealth } from '../../image/index.ts'
import { hexOf, type Digest } from '../../model/names.ts'
import type { Damage, ScrubReport } from '../../model/proof.ts'
import type { Berth } from '../berth.ts'
import { everythingKept } from './kept.ts'

/** What is done between two pieces of work; throws to end the scrub. */
export type Breathe = () => Promise<void>

/**
 * Reads everything in the store and mends what can be mended: a layer's files and its archive from each other; a download
 * is removed, so that it is fetched again. Documents of a release come back with a deploy of its source.
 */
export async function scrub(berth: Berth, breathe: Breathe): Promise<ScrubReport> {
  await removeSetAside(berth)
  const { layers, documents, downloads } = await everythingKept(berth)
  const titles = await berth.images.cache.titles()
  const damage: Damage[] = []
  const look = async (work: () => Promise<Damage | undefined>) => {
    await breathe()
    using held = await berth.busy.holdStore()
    const found = await work()
    if (found === undefined) return
    damage.push(found)
    berth.log(`scrub: ${found.what}: ${found.outcome}`)
  }
  for (const [layer, apps] of layers) await look(() => scrubLayer(berth, layer, { apps, title: titles.get(layer) }))
  for (const [blob, apps] of documents) await look(() => checkDocument(berth, blob, apps))
  for (const blob of downloads) await look(() => checkDownload(berth, blob))
  const blobs = documents.size + downloads.length
  const report = { finishedAt: new Date().toISOString(), layers: layers.size, blobs, damage }
  berth.state.setFact('scrub', JSON.stringify(report))
  berth.log(`scrub: ${layers.size} layers and ${blobs} blobs read, ${damage.length} damaged`)
  return report
}

interface Known {
  readonly apps: readonly string[]
  readonly title: string | undefined
}

async function scrubLayer(berth: Berth, layer: Digest, { apps, title }: Known): Promise<Damage | undefined> {
  const health = await examineLayer(berth.images, layer)
  // Unpacked layers are made when they are needed; archives are what a release cannot do without.
  if (health.archive === 'intact' && health.tree !== 'damaged') return undefined
  const folder = asideIn(berth)
  await mkdir(folder, { recursive: true, mode: 0o711 })
  const mended = await mendLayer(berth.images, health, join(folder, `${hexOf(layer)}.${Date.now()}`))
  const what = `${title ?? 'layer'} (${layer.slice(0, 19)})`
  return { what, mended, outcome: outcomeOf(health, mended, apps), apps: [...apps] }
}

const pathsShown = 5

function outcomeOf({ archive, tree, differences }: LayerHealth, mended: boolean, apps: readonly string[]): string {
  const again = apps.map((app) => `\`berth restart ${app}\``).join(', ')
  if (!mended) {
    const fix = apps.length === 0 ? 'the next build makes it anew' : `deploy the source of ${apps.join(', ')} again`
    return `its archive (${archive}) and its files are both damaged: ${fix}`
  }
  if (tree !== 'damaged') return `its archive was ${archive}, and was written anew from its files`
  const paths = differences.slice(0, pathsShown).map(({ path }) => path)
  const more = differences.length > pathsShown ? ` and ${differences.length - pathsShown} more` : ''
  const restart = apps.length === 0 ? '' : `; what runs on it goes on as it was until it is restarted: ${again}`
  return `its files were laid out anew (${paths.join(', ')}${more})${restart}`
}

async function checkDocument({ images }: Berth, blob: Digest, apps: readonly string[]): Promise<Damage | undefined> {
  if (await images.blobs.isIntact(blob)) return undefined
  const isThere = await images.blobs.has(blob)
  const outcome = `a document of a release is ${isThere ? 'damaged' : 'missing'}: deploy the source of ${apps.join(', ')} again`
  return { what: images.blobs.path(blob), mended: false, outcome, apps: [...apps] }
}

async function checkDownload({ images, documented }: Berth, blob: Digest): Promise<Damage | undefined> {
  if ((await images.blobs.isIntact(blob)) || !(await images.blobs.has(blob))) return undefined
  await images.blobs.remove(blob)
  documented.clear()
  const outcome = 'it was damaged and is removed; what needs it fetches it again'
  return { what: images.blobs.path(blob), mended: true, outcome, apps: [] }
}

/** Damaged directories that something may still run on. */
function asideIn({ instance }: Berth): string {
  return join(instance.home, 'damaged')
}

/** Removes those that were set aside when none of the sandboxes had been started that run now. */
async function removeSetAside(berth: Berth): Promise<void> {
  const folder = asideIn(berth)
  if (!(await exists(folder))) return
  const oldest = Math.min(Infinity, ...berth.state.sandboxes.list().map(({ startedAt }) => Date.parse(startedAt)))
  for (const name of await readdir(folder)) {
    if (Number(name.split('.')[1]) < oldest) await removeTree(join(folder, name))
  }
}
