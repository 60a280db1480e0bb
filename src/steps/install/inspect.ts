import { ImageStore } from '../../image/index.ts'
import type { Lock } from '../../model/lock.ts'
import type { InstallPlan } from '../../model/plan.ts'
import { lockedAnswers, rememberedAnswers } from './answers.ts'
import { resolveSteps } from './layer-steps.ts'
import type { InstallContext } from './workshop.ts'

/**
 * Which layers of a plan's image are there already. Asks nobody and changes nothing; what cannot be known without
 * asking counts as not there.
 */
export async function inspectInstall(
  plan: InstallPlan,
  context: Omit<InstallContext, 'locking'>,
  lock: Lock | undefined,
): Promise<{ title: string; reused: boolean }[]> {
  const store = new ImageStore(context.instance)
  const { cache, layers } = store
  const following = lock && ({ mode: 'follow', lock, file: 'berth.lock' } as const)
  const answers = following
    ? lockedAnswers({ ...context, store, plan, locking: following }, following)
    : rememberedAnswers(cache)
  const steps = await resolveSteps(plan, { ...context, locking: following ?? { mode: 'record', update: [] } }, answers)
  const planned = [{ title: `Debian ${plan.suite}`, keep: true }, ...plan.layers]
  const inspected: { title: string; reused: boolean }[] = []
  for (const [index, { title, keep }] of planned.entries()) {
    if (!keep) continue
    const record = steps[index] && (await cache.layer(steps[index].key))
    inspected.push({ title, reused: record !== undefined && (await layers.has(record.diffId)) })
  }
  return inspected
}
