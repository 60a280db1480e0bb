import { levelFacts, levelNames, type LimitKey } from '../model/levels.ts'
import type { Manifest } from '../model/manifest.ts'
import { levelCannotGive } from '../model/problems/isolation.ts'
import type { RunSpec } from '../model/release.ts'

/**
 * Whether a manifest's level can hold the application to the limits that the manifest itself demands.
 * @throws levelCannotGive
 */
export function requireGivenLimits({ isolation }: Manifest): void {
  const { level } = isolation
  const keys = levelFacts[level].cannotGive.filter((key) => isolation[key] !== undefined)
  if (keys.length === 0) return
  const gives = (name: (typeof levelNames)[number]) => !keys.some((key) => levelFacts[name].cannotGive.includes(key))
  throw levelCannotGive({ level, keys, others: levelNames.filter(gives) })
}

/** What a level does for an application, and what it does not, in lines for people. */
export function describeLevel({ level, limits }: Pick<RunSpec, 'level' | 'limits'>): string[] {
  const { meaning, cannotGive, isUnsafe } = levelFacts[level]
  const shown: Readonly<Record<LimitKey, string>> = {
    memory: `${limits.memoryBytes / 1024 ** 2} MiB memory`,
    cpus: `${limits.cpus} cpus`,
    pids: `${limits.pids} pids`,
    tmp: `${limits.tmpBytes / 1024 ** 2} MiB in /tmp`,
  }
  const given = Object.entries(shown).filter(([key]) => !cannotGive.some((missing) => missing === key))
  const limited = given.map(([, text]) => text).join(', ')
  return [
    `level ${level}${isUnsafe ? ' (unsafe)' : ''}: ${limited === '' ? 'no limits' : limited}`,
    ...(isUnsafe ? [`${level} is ${meaning}`] : []),
    ...(cannotGive.length > 0 ? [`${level} does not limit ${cannotGive.join(', ')}`] : []),
  ]
}
