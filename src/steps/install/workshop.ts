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
  /** How the application is called, in messages. */
  readonly app?: string
  /** The value of a secret that a command of a Dockerfile asks for; undefined: there is none. */
  readonly secret?: (id: string) => Promise<string | undefined>
}

/** What everything that makes layers works with. */
export interface Workshop extends InstallContext {
  readonly store: ImageStore
  readonly plan: Pick<InstallPlan, 'suite' | 'inputs'>
}
