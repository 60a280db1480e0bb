import { join } from 'node:path'
import { createReadStream } from '../../host/files.ts'
import { writeSourceArchive } from '../../image/index.ts'
import { vulnerableAppFolder } from '../../audit/index.ts'
import type { DeployRequest } from '../../model/api.ts'
import type { Emit } from '../../model/events.ts'
import type { Digest } from '../../model/names.ts'
import type { ImageConfigPlan } from '../../model/plan.ts'
import type { Berth } from '../berth.ts'
import { installSource } from '../deploy.ts'
import { openSource } from '../source.ts'

/** The image of the application that attacks go through, as berth's own install step makes it. */
export interface VulnerableApp {
  readonly layers: readonly string[]
  readonly config: ImageConfigPlan
}

/** The caller holds the store for as long as the layers are needed. */
export async function installVulnerableApp(
  berth: Berth,
  work: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<VulnerableApp> {
  const { images } = berth
  const { digest } = await images.blobs.add((output) => writeSourceArchive(vulnerableAppFolder, output))
  await using source = await openSource(berth, {
    request,
    archive: createReadStream(images.blobs.path(digest)),
    ...work,
  })
  const quiet: Emit = (event) => {
    if (event.kind !== 'locked') work.emit(event)
  }
  const { image } = await installSource(berth, { source, request, emit: quiet, signal: work.signal })
  return { layers: image.layers.map((layer) => layerFolder(berth, layer)), config: image.config }
}

export function layerFolder(berth: Berth, layer: Digest): string {
  return join(berth.paths.layers, layer.slice('sha256:'.length))
}

const request: DeployRequest = {
  ...{ fallbackName: 'berth-audit', manifestPath: 'berth.toml', lockPath: 'berth.lock', set: {} },
  ...{ origin: "berth's own vulnerable application", goal: 'build', locked: false },
}
