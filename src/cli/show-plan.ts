import type { DeployPlan } from '../model/api.ts'
import type { Context, Outcome } from './command.ts'
import { safeText } from './render/safe-text.ts'
import { sendSource, type SourceInput } from './send-source.ts'
import { readSettings } from './settings.ts'

/** Asks what a deploy would do. Settings that a deploy would store count as set. */
export async function showPlan(
  input: SourceInput & { readonly set?: readonly string[]; readonly locked?: boolean },
  context: Context,
): Promise<Outcome> {
  const set = await readSettings(input.set ?? [], context)
  await using sending = await sendSource(input, context, { set, locked: input.locked ?? false })
  for (const notice of sending.notices) context.say(`note: ${notice}`)
  const plan = await sending.daemon.send<DeployPlan>('POST', '/v1/plan', sending.body)
  return { kind: 'answer', json: plan, text: renderPlan(plan), exitCode: plan.refusals.length > 0 ? 1 : 0 }
}

/** The five steps, each with what it would do. */
export function renderPlan({ app, steps, refusals }: DeployPlan): string {
  const lines = steps.flatMap(({ step, actions, changes }) => [
    changes ? step : `${step} (nothing to do)`,
    ...actions.map((action) => `  ${action}`),
  ])
  const refused = refusals.flatMap(({ message, fix, lines = [] }) => [
    `  ${message}`,
    ...lines.map((line) => `    | ${line}`),
    `    fix: ${fix}`,
  ])
  return safeText(
    [`plan for ${app}`, '', ...lines, ...(refused.length > 0 ? ['', 'a deploy would refuse:', ...refused] : [])].join(
      '\n',
    ),
  )
}
