import type { Instance } from '../host/instance.ts'
import { runtimeFacts } from '../audit/index.ts'
import { ladder } from '../isolation/ladder.ts'
import { levelFacts, levelNames, type LevelName } from '../model/levels.ts'

/** What this host can give of one level. */
export interface LevelReport {
  readonly name: LevelName
  readonly meaning: string
  /** Why not, each with its fix; empty when it can. */
  readonly missing: readonly string[]
  readonly weaknesses: readonly string[]
  /** What is known of the program that makes it. */
  readonly notes: readonly string[]
}

/** Looks at every level of the ladder; changes nothing and needs no daemon. */
export async function examineLevels(instance: Instance): Promise<LevelReport[]> {
  const isolator = ladder(instance)
  return Promise.all(
    levelNames.map(async (name) => {
      const [missing, weaknesses, notes] = await Promise.all([
        isolator.missing(name),
        isolator.weaknesses(name),
        name === 'container' ? runtimeNotes() : [],
      ])
      return { name, meaning: levelFacts[name].meaning, missing, weaknesses, notes }
    }),
  )
}

/** The runtime's version, with the vulnerabilities that it has or may have; the walls of the level stand before them. */
async function runtimeNotes(): Promise<string[]> {
  const { runtime, advisories } = await runtimeFacts()
  const named = (wanted: 'open' | 'unknown') => advisories.filter(({ state }) => state === wanted).map(({ cve }) => cve)
  const [open, unknown] = [named('open'), named('unknown')]
  return [
    ...(runtime === '' ? [] : [runtime]),
    ...(open.length > 0 ? [`not mended in it: ${open.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`perhaps not mended in it: ${unknown.join(', ')}`] : []),
  ]
}

/** Gets what levels need that no package gives, for those whose programs this host has. @throws Problem */
export async function provideLevels(instance: Instance, signal: AbortSignal): Promise<void> {
  const isolator = ladder(instance)
  for (const name of levelNames) await isolator.provide(name, signal)
}
