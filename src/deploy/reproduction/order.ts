import { z } from 'zod'
import type { Event } from '../../model/events.ts'
import type { ProblemEvent } from '../../model/events.ts'
import type { Image } from '../../model/plan.ts'

/** What passes between the daemon and the process that builds an image again. */

export const RebuildOrder = z.strictObject({
  app: z.string(),
  /** Of the instance that the build is made in: nothing of it is the daemon's own but the name. */
  home: z.string(),
  run: z.string(),
  name: z.string(),
  treeDir: z.string(),
  treeDigest: z.templateLiteral(['sha256:', z.string()]),
  /** The manifest, when it is not in the tree. */
  manifest: z.string().optional(),
  lock: z.string(),
  /** What commands of a Dockerfile may ask for. */
  secrets: z.record(z.string(), z.string()),
  /** How to name the lock in messages. */
  lockPath: z.string(),
})
export type RebuildOrder = z.infer<typeof RebuildOrder>

/** One line of what the process says. */
export type RebuildLine =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'image'; readonly image: Image }
  | { readonly kind: 'problem'; readonly problem: ProblemEvent }
