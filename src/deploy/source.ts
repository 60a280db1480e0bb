import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { mkdir, mkdtemp, removeTree } from '../host/files.ts'
import { writeSourceArchive } from '../image/index.ts'
import type { Digest } from '../model/names.ts'
import type { DeployRequest } from '../model/api.ts'
import type { Emit } from '../model/events.ts'
import type { Manifest } from '../model/manifest.ts'
import { gatherTreeFacts, planInstall, type AnyInstallPlan, type TreeFacts } from '../steps/install/index.ts'
import { retrieve, type Retrieved } from '../steps/retrieve/index.ts'
import type { Berth } from './berth.ts'
import { step } from './journal.ts'

/** A source tree that has been sent, and what is to be made of it. */
export interface Source extends AsyncDisposable {
  readonly folder: string
  readonly retrieved: Retrieved
  readonly manifest: Manifest
  readonly facts: TreeFacts
}

/** The retrieve step. The tree is in a folder of its own, which is removed when the source is disposed of. */
export async function openSource(
  { paths }: Berth,
  { request, archive, emit, signal }: { request: DeployRequest; archive: Readable; emit: Emit; signal: AbortSignal },
): Promise<Source> {
  await mkdir(paths.temporary, { recursive: true, mode: 0o711 })
  const outer = await mkdtemp(join(paths.temporary, 'source-'))
  const folder = join(outer, 'tree')
  try {
    const retrieved = await step('retrieve', emit, async () => {
      const result = await retrieve(request, archive, { folder, signal })
      return { result, summary: `${result.files} files, ${kibibytes(result.bytes)}, from ${result.origin}` }
    })
    const facts = await gatherTreeFacts(folder)
    return { folder, retrieved, manifest: retrieved.manifest, facts, [Symbol.asyncDispose]: () => removeTree(outer) }
  } catch (error) {
    await removeTree(outer)
    throw error
  }
}

/** Keeps a tree for as long as a release needs it. */
export async function storeSource({ images }: Berth, { folder }: Source): Promise<Digest> {
  return (await images.blobs.add((output) => writeSourceArchive(folder, output))).digest
}

export function installPlanOf({ manifest, facts }: Source): AnyInstallPlan {
  return planInstall(manifest, facts)
}

function kibibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`
}
