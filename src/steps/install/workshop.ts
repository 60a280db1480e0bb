import type { Instance } from '../../host/instance.ts'
import type { ImageStore } from '../../image/index.ts'
import type { Emit } from '../../model/events.ts'
import type { Digest } from '../../model/names.ts'
import type { InstallPlan } from '../../model/plan.ts'
import type { Locking } from './locking.ts'

export interface InstallContext {
  readonly instance: Instance
  /** The unpacked source tree; only read. */
  readonly treeDir: string
  readonly treeDigest: Digest
  readonly emit: Emit
  readonly signal: AbortSignal
  readonly locking: Locking
}

/** What everything that makes layers works with. */
export interface Workshop extends InstallContext {
  readonly store: ImageStore
  readonly plan: InstallPlan
}

/** Raised when the same inputs would come to another layer: part of every key. */
export const recipeVersion = 2

/** The time that every npm package's files have; for layers whose own times mean nothing. */
export const fixedTime = 499_162_500
