import type { Locking } from './locking.ts'
import type { Workshop } from './workshop.ts'

/** What fetching needs of a workshop. */
export type FetchPlace = Pick<Workshop, 'emit' | 'signal'> & {
  readonly store: Pick<Workshop['store'], 'blobs'>
  /** Tells of which time a file is, for mirrors of snapshots. */
  readonly locking?: Locking
}
