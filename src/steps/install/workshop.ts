import type { Instance } from '../../host/instance.ts'
import type { ImageStore } from '../../image/index.ts'
import type { Emit } from '../../model/events.ts'
import type { Digest } from '../../model/names.ts'
import type { InstallPlan } from '../../model/plan.ts'
import type { Locking } from './locking.ts'

export interface TreeAtHand {
  /** The unpacked source tree; only read. */
  readonly treeDir: string
  readonly treeDigest: Digest
}

export interface InstallContext extends TreeAtHand {
  readonly instance: Instance
  readonly emit: Emit
  readonly signal: AbortSignal
  readonly locking: Locking
}

/** What everything that makes layers works with. */
export interface Workshop extends InstallContext {
  readonly store: ImageStore
  readonly plan: InstallPlan
}
