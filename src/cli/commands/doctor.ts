import type { Check } from '../../client/doctor.ts'
import type { LevelReport } from '../../daemon/examine-levels.ts'
import { defaultLevel } from '../../model/levels.ts'
import { rootNeeded } from '../../model/problems/client.ts'
import { command, flag, type Context } from '../command.ts'
import { pad } from '../render/table.ts'

export const doctor = command({
  name: 'doctor',
  summary: 'Say what berth needs of this host, what is missing, and how to get it',
  description: 'Exits with 1 when something that berth cannot do without is missing.',
  arguments: {},
  options: { fix: flag('--fix', 'install what can be installed') },
  json: 'an array of objects with `name`, `state` (`have`, `missing`, `unknown`), `needed`, `detail` and, if missing, `fix`',
  async run({ fix }, context) {
    const { examineHost } = await import('../../client/doctor.ts')
    const { instance, environment, signal } = context
    const isRoot = process.getuid?.() === 0
    if (fix) await repair(isRoot, context)
    // No daemon is needed for this, nor started: doctor is what one asks when none starts.
    const { examineLevels } = await import('../../daemon/examine-levels.ts')
    const [host, levels] = await Promise.all([
      examineHost({ instance, environment, signal, isRoot }),
      examineLevels(instance),
    ])
    const checks = [...host, ...levels.map(levelCheck)]
    const isWell = !checks.some(({ needed, state }) => needed && state === 'missing')
    return { kind: 'answer', json: checks, text: renderChecks(checks), exitCode: isWell ? 0 : 1 }
  },
})

/** Only the default level is one that berth cannot do without. */
function levelCheck({ name, meaning, missing, weaknesses, notes }: LevelReport): Check {
  const [first] = missing
  return {
    name: `level ${name}`,
    needed: name === defaultLevel,
    state: first === undefined ? 'have' : 'missing',
    detail: [first ?? meaning, ...missing.slice(1), ...weaknesses, ...notes].join('; '),
  }
}

/** Lets set-up speak for itself; what it could not mend shows in the examination that follows. */
async function repair(isRoot: boolean, { commandLine, environment, instance, signal }: Context): Promise<void> {
  if (!isRoot) throw rootNeeded({ what: 'install packages', command: commandLine })
  const { runSetup } = await import('../../client/packages.ts')
  await runSetup(environment)
  const { provideLevels } = await import('../../daemon/examine-levels.ts')
  await provideLevels(instance, signal)
}

const words = { have: 'have', missing: 'MISSING', unknown: 'unknown' } as const

/** One line a check; how to get what is missing below it. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, state, needed, detail, fix }) => {
    const word = state === 'missing' && !needed ? 'no' : words[state]
    const line = `${pad(word, 7)}  ${pad(name, width)}  ${detail}`
    return fix === undefined ? [line] : [line, `${' '.repeat(9 + width)}  fix: ${fix}`]
  })
  const missing = checks.filter(({ needed, state }) => needed && state === 'missing').length
  const verdict =
    missing === 0 ? 'this host has what berth needs' : `${missing} of ${checks.length} missing; see the lines above`
  return [...lines, '', verdict].join('\n')
}
