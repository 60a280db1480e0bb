import { ImageStore, protectBuild, type StoredLayer } from '../../image/index.ts'
import type { Lock } from '../../model/lock.ts'
import type { Image, InstallPlan } from '../../model/plan.ts'
import { buildAborted } from '../../model/problems/install.ts'
import { applyDockerfile } from './apply-dockerfile.ts'
import type { AnyInstallPlan } from './plan.ts'
import { lockedAnswers, recordingAnswers } from './answers.ts'
import type { Answers } from './questions.ts'
import { artifactsOf, resolveSteps } from './layer-steps.ts'
import { newLock, requireFitting } from './locking.ts'
import { recordLayer } from './record-layer.ts'
import { explainWantOfRoom } from './room.ts'
import { StackBuilder } from './stack-builder.ts'
import type { InstallContext, Workshop } from './workshop.ts'

/** What the install step gives. */
export interface Installed {
  readonly image: Image
  /** The lock that it was built with: the one that was followed, or the one that came to be. */
  readonly lock: Lock
}

/**
 * Carries an install plan out. Layers that were built before, for this application or another, are reused; nothing is
 * asked of the network when nothing has changed.
 * @throws Problem when a build fails, something cannot be fetched, or `signal` aborts. Nothing half-made is left.
 */
export async function applyInstall(plan: AnyInstallPlan, context: InstallContext): Promise<Installed> {
  const outline = plan.kind === 'layers' ? plan : { suite: '', inputs: plan.inputs }
  const workshop: Workshop = { ...context, store: new ImageStore(context.instance), plan: outline }
  const release = protectBuild(context.instance.home)
  try {
    await workshop.store.blobs.prepare()
    return await (plan.kind === 'layers' ? applyLayers(plan, workshop) : applyDockerfile(plan, workshop))
  } catch (error) {
    if (context.signal.aborted) throw buildAborted({ title: 'the image' }, { cause: error })
    throw await explainWantOfRoom(error, context.instance.home)
  } finally {
    release()
  }
}

async function applyLayers(plan: InstallPlan, workshop: Workshop): Promise<Installed> {
  const builder = new StackBuilder(workshop)
  const steps = await resolveSteps(plan, workshop, answersFor(workshop, builder))
  const layers: StoredLayer[] = []
  for (const [index, step] of steps.entries()) {
    if (step.keep) layers.push(await builder.provide(step, steps.slice(0, index)))
  }
  const time = Math.max(...steps.map(({ epoch }) => epoch))
  const image = await workshop.store.writeImage(layers, plan.config, time)
  const { locking } = workshop
  if (locking.mode === 'follow') return { image, lock: locking.lock }
  return { image, lock: newLock(plan, locking, { artifacts: artifactsOf(steps), time }) }
}

function answersFor(workshop: Workshop, builder: StackBuilder): Answers {
  const { locking, plan } = workshop
  if (locking.mode === 'follow') {
    requireFitting(plan, locking)
    return lockedAnswers(workshop, locking)
  }
  return recordingAnswers(workshop, locking, {
    directoriesOf: (below) => builder.directories(below),
    record: async (draft, below, held) =>
      recordLayer(workshop, { draft, below: await builder.directories(below), held, asOf: locking.asOf }),
  })
}
