import { z } from 'zod'
import { appNamePattern } from './names.ts'

/** Questions about what applications are made of, as client and daemon pass them (see api.ts). */

/** A lock of the client's, or that of the release of an application that serves. */
export const LockChoice = z.union([
  z.strictObject({ lock: z.string(), lockPath: z.string() }),
  z.strictObject({ app: z.string().regex(appNamePattern) }),
])
export type LockChoice = z.infer<typeof LockChoice>

/** A locked package of which its registry has a newer version. */
export interface OutdatedPackage {
  kind: string
  name: string
  /** Several versions are joined by a blank. */
  locked: string
  newest: string
  /** What keeps it from being taken, beside the lock itself, as far as that is known. */
  heldBy?: string
}

/** A locked package of which is not known whether there is a newer version. */
export interface UnknownPackage {
  kind: string
  name: string
  reason: string
}
