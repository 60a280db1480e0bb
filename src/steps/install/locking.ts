import { lockFormat, type Artifact, type Lock, type LockedInput } from '../../model/lock.ts'
import type { InstallPlan } from '../../model/plan.ts'
import { lockArchitecture, lockDrift, type Drift } from '../../model/problems/lock.ts'
import { debianArchitecture } from './architecture.ts'
import { recipeVersion } from './recipe.ts'

/** Whether a build follows a lock, or makes one. */
export type Locking = Following | Recording

export interface Following {
  readonly mode: 'follow'
  readonly lock: Lock
  /** How to name the lock in messages. */
  readonly file: string
}

export interface Recording {
  readonly mode: 'record'
  /** What it says stays as it is, as far as it still fits. */
  readonly previous?: Lock
  /** Names that may move although the previous lock has them; or all. */
  readonly update: 'all' | readonly string[]
  /** RFC 3339; language packages published later are not seen. */
  readonly asOf?: string
}

type Inputs = Pick<InstallPlan, 'inputs'>

/** What changed in the source since a lock was made. */
export function driftOf(locked: readonly LockedInput[], wanted: readonly LockedInput[]): Drift[] {
  const key = ({ file, name }: LockedInput) => `${file}\0${name}`
  const before = new Map(locked.map((input) => [key(input), input]))
  const after = new Map(wanted.map((input) => [key(input), input]))
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((each) => {
    const [was, is] = [before.get(each), after.get(each)]
    const { file = '', name = '' } = was ?? is ?? {}
    return was?.value === is?.value ? [] : [{ file, name, locked: was?.value, wanted: is?.value }]
  })
}

/** @throws lockDrift, lockArchitecture when a plan cannot be built with a lock */
export function requireFitting(plan: Inputs, { lock, file }: Following): void {
  const host = debianArchitecture()
  if (lock.architecture !== host) throw lockArchitecture({ file, locked: lock.architecture, host })
  const drift = driftOf(lock.inputs, plan.inputs)
  if (drift.length > 0) throw lockDrift({ file, drift })
}

/** Artifacts of an earlier lock that a recording may not move away from. */
export function heldArtifacts(plan: Inputs, { previous, update }: Recording): Artifact[] {
  if (!previous || update === 'all') return []
  const free = new Set([...update, ...driftOf(previous.inputs, plan.inputs).map(({ name }) => name)])
  return previous.artifacts.filter(({ name }) => !free.has(name))
}

/** A new lock; the time is that of the youngest file in any of its packages, so nothing is ever older than it seems. */
export function newLock(
  plan: Inputs,
  { asOf }: Recording,
  made: { readonly artifacts: readonly Artifact[]; readonly time: number },
): Lock {
  return {
    format: lockFormat,
    recipe: recipeVersion,
    time: made.time,
    architecture: debianArchitecture(),
    ...(asOf === undefined ? {} : { asOf }),
    inputs: plan.inputs,
    artifacts: withoutRepetition(made.artifacts),
  }
}

/** Two steps may fetch the same and know it by different names, such as a package that is in two suites. */
export function withoutRepetition(artifacts: readonly Artifact[]): Artifact[] {
  const known = new Map<string, Artifact>()
  for (const artifact of artifacts) {
    const { kind, name, version, part, url, sha256 } = artifact
    const key = JSON.stringify([kind, name, version, part, url])
    const before = known.get(key)
    const tags = before?.sha256 === sha256 ? [...new Set([...(before.tags ?? []), ...(artifact.tags ?? [])])] : []
    known.set(key, tags.length > 0 ? { ...artifact, tags: tags.sort() } : artifact)
  }
  return [...known.values()]
}

/** Kinds that the commands of a build fetch through their proxy. */
export function fetchedArtifacts(artifacts: readonly Artifact[]): Artifact[] {
  return artifacts.filter(({ part }) => part === undefined)
}

/** Stands for all that a replay can serve. */
export function fetchedKey(artifacts: readonly Artifact[]): string[] {
  return artifacts.map(({ sha256, tags = [] }) => [sha256, ...tags].join(' ')).sort()
}
