import { ImageStore } from '../../image/index.ts'
import type { Lock } from '../../model/lock.ts'
import { lockedAnswersAtHand, rememberedAnswers } from './answers.ts'
import type { AnyInstallPlan } from './plan.ts'
import { resolveSteps } from './layer-steps.ts'
import type { InstallContext, TreeAtHand } from './workshop.ts'

/**
 * Which layers of a plan's image are there already. Asks nobody and changes nothing; what cannot be known without
 * asking counts as not there.
 */
export async function inspectInstall(
  plan: AnyInstallPlan,
  context: TreeAtHand & Pick<InstallContext, 'instance'>,
  lock: Lock | undefined,
): Promise<{ title: string; reused: boolean }[]> {
  if (plan.kind === 'dockerfile') return [{ title: `image of ${plan.path}`, reused: false }]
  const { cache, layers } = new ImageStore(context.instance)
  const answers = lock ? lockedAnswersAtHand(cache, lock) : rememberedAnswers(cache)
  const steps = await resolveSteps(plan, context, answers)
  const planned = [{ title: `Debian ${plan.suite}`, keep: true }, ...plan.layers]
  const inspected: { title: string; reused: boolean }[] = []
  for (const [index, { title, keep }] of planned.entries()) {
    if (!keep) continue
    const record = steps[index] && (await cache.layer(steps[index].key))
    inspected.push({ title, reused: record !== undefined && (await layers.has(record.diffId)) })
  }
  return inspected
}
