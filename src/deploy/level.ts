import { levelFacts, levelNames, type LevelName, type LimitKey } from '../model/levels.ts'
import type { Manifest } from '../model/manifest.ts'
import { levelCannotGive } from '../model/problems/isolation.ts'
import type { RunSpec } from '../model/release.ts'

/**
 * Whether a manifest's level can hold the application to the limits that the manifest itself demands.
 * @param hostLacks what no level can on this host
 * @throws levelCannotGive
 */
export function requireGivenLimits({ isolation }: Manifest, hostLacks: readonly LimitKey[] = []): void {
  const { level } = isolation
  const lackedBy = (name: LevelName) => [...new Set([...levelFacts[name].cannotGive, ...hostLacks])]
  const keys = lackedBy(level).filter((key) => isolation[key] !== undefined)
  if (keys.length === 0) return
  const others = levelNames.filter((name) => !keys.some((key) => lackedBy(name).includes(key)))
  throw levelCannotGive({ level, keys, others })
}

/** What a level does for an application, and what it does not, in lines for people. */
export function describeLevel({ level, limits }: Pick<RunSpec, 'level' | 'limits'>): string[] {
  const { meaning, cannotGive, isUnsafe } = levelFacts[level]
  const shown: Readonly<Record<LimitKey, string>> = {
    memory: `${limits.memoryBytes / 1024 ** 2} MiB memory`,
    cpus: `${limits.cpus} cpus`,
    pids: `${limits.pids} pids`,
    tmp: `${limits.tmpBytes / 1024 ** 2} MiB in /tmp`,
    io: `${limits.ioBytesPerSecond / 1024 ** 2} MiB a second of volumes`,
  }
  const given = Object.entries(shown).filter(([key]) => !cannotGive.some((missing) => missing === key))
  const limited = given.map(([, text]) => text).join(', ')
  return [
    `level ${level}${isUnsafe ? ' (unsafe)' : ''}: ${limited === '' ? 'no limits' : limited}`,
    ...(isUnsafe ? [`${level} is ${meaning}`] : []),
    ...(cannotGive.length > 0 ? [`${level} does not limit ${cannotGive.join(', ')}`] : []),
  ]
}
