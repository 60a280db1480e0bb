import type { Instance } from '../host/instance.ts'
import { ladder } from '../isolation/ladder.ts'
import { levelFacts, levelNames, type LevelName } from '../model/levels.ts'

/** What this host can give of one level. */
export interface LevelReport {
  readonly name: LevelName
  readonly meaning: string
  /** Why not, each with its fix; empty when it can. */
  readonly missing: readonly string[]
  readonly weaknesses: readonly string[]
}

/** Looks at every level of the ladder; changes nothing and needs no daemon. */
export async function examineLevels(instance: Instance): Promise<LevelReport[]> {
  const isolator = ladder(instance)
  return Promise.all(
    levelNames.map(async (name) => {
      const [missing, weaknesses] = await Promise.all([isolator.missing(name), isolator.weaknesses(name)])
      return { name, meaning: levelFacts[name].meaning, missing, weaknesses }
    }),
  )
}

/** Gets what levels need that no package gives, for those whose programs this host has. @throws Problem */
export async function provideLevels(instance: Instance, signal: AbortSignal): Promise<void> {
  const isolator = ladder(instance)
  for (const name of levelNames) await isolator.provide(name, signal)
}
