import { mkdtemp } from '../../host/files.ts'
import { join } from 'node:path'
import { mkdir, removeTree } from '../../host/files.ts'
import { compareEntries, mergeLayers, readTree, type LayerEntry, type LayerHealth } from '../../image/index.ts'
import type { Examined } from '../../isolation/isolator.ts'
import type { Drift } from '../../model/proof.ts'
import type { Release } from '../../model/release.ts'
import { linkAt, nameServerOf } from '../../steps/start/links.ts'
import { servingSpec } from '../../steps/start/spec.ts'
import type { App } from '../../store/apps.ts'
import type { SandboxRecord } from '../../store/sandboxes.ts'
import type { Berth } from '../berth.ts'
import { openSecrets } from '../environment.ts'

interface Running {
  readonly app: App
  readonly release: Release
  readonly record: SandboxRecord
  readonly layers: readonly LayerHealth[]
}

/** What of a running sandbox is not as its release says: its process, its mounts, and each file that it can see. */
export async function runningDrift(berth: Berth, running: Running): Promise<Drift[]> {
  const { record, layers } = running
  const found = (await berth.isolator.list()).find(({ id }) => id === record.id)
  if (found?.state !== 'running') return [{ where: 'sandbox', what: `${record.id} does not run` }]
  await mkdir(berth.paths.temporary, { recursive: true, mode: 0o711 })
  const topmost = await mkdtemp(join(berth.paths.temporary, 'examined-'))
  try {
    const examined = await berth.isolator.examine(await specOf(berth, running), { pid: found.pid, topmost })
    if (layers.some(({ entries }) => entries === undefined)) return [...examined.drift]
    return [...examined.drift, ...(await rootDrift(examined, layers, topmost))]
  } finally {
    await removeTree(topmost)
  }
}

/** The specification as it was when the sandbox was started. */
async function specOf(berth: Berth, { app, release, record }: Running) {
  const { paths, images } = berth
  const layers = release.layers.map((layer) => images.layers.directory(layer))
  const secrets = await openSecrets(berth, app, release)
  const sandboxNumber = Number(record.id.slice(record.id.lastIndexOf('-') + 1))
  return servingSpec(
    { release, appId: app.id, sandboxNumber, layers, secrets, paths },
    linkAt(berth.block, record.link),
    nameServerOf(berth.block),
  )
}

/** The files as the sandbox sees them, against its layers laid over each other with what it has on top of them. */
async function rootDrift(
  { root, isBare, covered }: Examined,
  layers: readonly LayerHealth[],
  topmost: string,
): Promise<Drift[]> {
  const generated = await readTree(topmost)
  const expected = mergeLayers([...layers.flatMap(({ entries }) => entries ?? []), generated])
  const skip = (path: string) => covered.has(path)
  // Reading attributes does not stop at mounts.
  const found = mergeLayers([await readTree(root, { skip, withAttributes: isBare })])
  const plain = (entries: ReadonlyMap<string, LayerEntry>) =>
    new Map(
      [...entries].flatMap(([path, entry]): [string, LayerEntry][] =>
        covered.has(path) ? [] : [[path, comparable(entry, { isBare, isGenerated: generated.has(path) })]],
      ),
    )
  return compareEntries(plain(expected), plain(found)).map(({ path, detail }) => ({
    where: 'sandbox',
    path,
    what: detail,
  }))
}

/** What was made when the sandbox was started has the time of that; what has no attributes to show has none to compare. */
function comparable(entry: LayerEntry, { isBare, isGenerated }: { isBare: boolean; isGenerated: boolean }): LayerEntry {
  return {
    ...entry,
    ...(isGenerated ? { mtime: 0 } : {}),
    ...(isBare ? {} : { attributes: '' }),
  }
}
