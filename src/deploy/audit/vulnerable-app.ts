import { join } from 'node:path'
import { vulnerableAppFolder } from '../../audit/index.ts'
import { createReadStream } from '../../host/files.ts'
import { writeSourceArchive } from '../../image/index.ts'
import type { DeployRequest } from '../../model/api.ts'
import type { Emit } from '../../model/events.ts'
import { parseLock, renderLock } from '../../model/lock-file.ts'
import type { Digest } from '../../model/names.ts'
import type { AnyInstallPlan, Locking } from '../../steps/install/index.ts'
import type { ImageConfigPlan } from '../../model/plan.ts'
import { Problem } from '../../model/problem.ts'
import { applyInstall, driftOf } from '../../steps/install/index.ts'
import type { Berth } from '../berth.ts'
import { step } from '../journal.ts'
import { installPlanOf, openSource } from '../source.ts'

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
  const { images, instance, state } = berth
  const { digest } = await images.blobs.add((output) => writeSourceArchive(vulnerableAppFolder, output))
  const archive = createReadStream(images.blobs.path(digest))
  await using source = await openSource(berth, { request, archive, emit: () => undefined, signal: work.signal })
  const plan = installPlanOf(source)
  const { app, treeDigest } = source.retrieved
  return await step('install', work.emit, async () => {
    const context = {
      instance,
      treeDir: source.folder,
      treeDigest,
      app,
      ...work,
      secret: () => Promise.resolve(undefined),
    }
    const { image, lock } = await applyInstall(plan, { ...context, locking: lockingOf(berth, plan) })
    state.setFact(lockFact, renderLock(lock))
    const layers = image.layers.map((layer) => layerFolder(berth, layer))
    return { result: { layers, config: image.config }, summary: 'the vulnerable application is there' }
  })
}

/** The lock of the last time serves for as long as it fits: then nothing is asked of anybody. */
function lockingOf({ state }: Berth, plan: AnyInstallPlan): Locking {
  const text = state.fact(lockFact)
  if (text === undefined) return { mode: 'record', update: [] }
  try {
    const lock = parseLock(text, lockFact)
    const isFitting = driftOf(lock.inputs, plan.inputs).length === 0
    return isFitting ? { mode: 'follow', lock, file: 'the lock of the last audit' } : { mode: 'record', update: [] }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { mode: 'record', update: [] } // of another berth
  }
}

const lockFact = 'audit-lock'

export function layerFolder(berth: Berth, layer: Digest): string {
  return join(berth.paths.layers, layer.slice('sha256:'.length))
}

const request: DeployRequest = {
  ...{ fallbackName: 'berth-audit', manifestPath: 'berth.toml', lockPath: 'berth.lock', set: {} },
  ...{ origin: "berth's own vulnerable application", goal: 'build', locked: false },
}
