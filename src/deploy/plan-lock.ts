import type { DeployPlan, DeployRequest, PlannedLock } from '../model/api.ts'
import { describeChange, lockChanges } from '../model/lock-changes.ts'
import type { Lock } from '../model/lock.ts'
import { releaseName } from '../model/names.ts'
import { Problem } from '../model/problem.ts'
import type { Release } from '../model/release.ts'
import { requireFitting } from '../steps/install/index.ts'
import type { Berth } from './berth.ts'
import { lockingFor, lockOf } from './locking.ts'
import { installPlanOf, type Source } from './source.ts'

/** What a deploy would do with the lock, and the lock itself. */
export interface LockPlan {
  readonly planned: PlannedLock
  readonly followed: Lock | undefined
}

interface LockQuestion {
  readonly current: Release | undefined
  readonly request: DeployRequest
  /** Gets what would make the deploy refuse: a lock that is missing, or does not fit the source. */
  readonly refusals: DeployPlan['refusals']
}

/** Which lock a deploy would follow, and every package that it would change. Asks nobody. */
export async function planLock(
  berth: Berth,
  source: Source,
  { current, request, refusals }: LockQuestion,
): Promise<LockPlan> {
  try {
    const locking = await lockingFor(berth, source, request)
    if (locking.mode === 'record') return nothingToFollow
    const { lock, file } = locking
    try {
      requireFitting(installPlanOf(source), locking)
    } catch (error) {
      refusals.push(refusalOf(error))
    }
    const before = current && (await lockOf(berth, current))
    const changes = before ? lockChanges(before.artifacts, lock.artifacts) : []
    const against = before ? { against: releaseName(current.number) } : {}
    const planned = { kind: 'follow', file, packages: lock.artifacts.length, changes, ...against } as const
    return { planned, followed: lock }
  } catch (error) {
    refusals.push(refusalOf(error))
    return nothingToFollow
  }
}

const nothingToFollow: LockPlan = { planned: { kind: 'none' }, followed: undefined }

/** What a refusal says. @throws whatever is none */
export function refusalOf(error: unknown): DeployPlan['refusals'][number] {
  if (!(error instanceof Problem)) throw error
  const { message, fix, lines } = error.text
  return { message, fix, ...(lines === undefined ? {} : { lines }) }
}

/** The same for people, a line each. */
export function describeLock(lock: PlannedLock): string[] {
  if (lock.kind === 'none') return ['no berth.lock: would lock first, so what is installed is not known yet']
  const { file, packages, changes, against } = lock
  const followed = `follow ${file} (${packages} packages and files)`
  if (against === undefined) return [followed]
  if (changes.length === 0) return [followed, `no package differs from ${against}`]
  const count = `${changes.length} ${changes.length === 1 ? 'package differs' : 'packages differ'} from ${against}:`
  return [followed, count, ...changes.map((change) => `  ${describeChange(change)}`)]
}
