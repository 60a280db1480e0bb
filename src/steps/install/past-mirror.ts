import { findDebianSnapshot, snapshotUrl } from '../../host/debian-snapshot.ts'
import type { DebianMirror } from '../../host/debian-mirror.ts'
import type { Locking } from './locking.ts'

/** The date for which Debian's packages can be looked up: a lock is made for it, and a mirror of snapshots is named. */
export function pastOf(locking: Locking | undefined): string | undefined {
  const asOf = locking?.mode === 'record' ? locking.asOf : undefined
  return findDebianSnapshot(process.env) === undefined ? undefined : asOf
}

/** Stands for where such packages come from, in the name of what was found out there. */
export function pastKey(past: string): readonly string[] {
  return [past, findDebianSnapshot(process.env) ?? '']
}

/** Debian's archives as they were at a date; those that the mirror of snapshots cannot have are as they are. */
export function pastMirror({ main, security }: DebianMirror, asOf: string): DebianMirror {
  const past = (address: string) => {
    const lists = snapshotUrl(findDebianSnapshot(process.env) ?? '', new URL('dists/', address), new Date(asOf))
    return lists?.href.replace(/dists\/$/, '') ?? address
  }
  return { main: past(main), ...(security === undefined ? {} : { security: past(security) }) }
}
