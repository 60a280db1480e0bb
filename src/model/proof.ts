import { z } from 'zod'
import type { Digest } from './names.ts'

/** What berth can show of itself: that an image comes out the same again, and that what runs is what was released. */

/** One thing of an image that came out differently when it was built again. */
export interface BuildDifference {
  /** Title of its layer, such as `Python packages of requirements.txt`; `image` for the configuration. */
  readonly layer: string
  readonly path: string
  /** Such as `mode 644 became 755`. */
  readonly detail: string
  /** Why, in words, when that is known. */
  readonly reason?: string
}

/** An image that was built again of nothing but its source and its lock, and came out the same. */
export interface Reproduction {
  readonly app: string
  /** Such as `v3`; absent for a folder. */
  readonly release?: string
  readonly digest: Digest
  /** Of the second build. */
  readonly again: Digest
  readonly varied: readonly string[]
  readonly notVaried: readonly string[]
  /** Files of byte-code in the image; every one is valid. */
  readonly byteCode: number
  /** Seconds of the second build. */
  readonly seconds: number
  /** A signed statement of all that, when one was asked for, and the key that it is signed with. */
  readonly attestation?: { readonly text: string; readonly key: string }
}

export const ReproduceRequest = z.strictObject({ release: z.int().min(1).optional(), attest: z.boolean() })
export type ReproduceRequest = z.infer<typeof ReproduceRequest>

/** One thing that is not as the release says. */
export interface Drift {
  /** Where: a layer's title or digest, `image`, `sandbox`. */
  readonly where: string
  readonly path?: string
  readonly what: string
}

/** What was found when a release was held against what is stored and what runs. */
export interface Verification {
  readonly app: string
  readonly release: string
  readonly image: Digest
  /** Files that were read and compared. */
  readonly files: number
  readonly bytes: number
  readonly byteCode: number
  /** Such as `shop-3`; absent when nothing runs. */
  readonly sandbox?: string
  readonly drift: readonly Drift[]
}

/** The last time that everything that is kept was read and checked. */
export interface ScrubReport {
  /** RFC 3339, UTC. */
  readonly finishedAt: string
  readonly layers: number
  readonly blobs: number
  /** What was damaged, and what became of it. */
  readonly damage: readonly Damage[]
}

export interface Damage {
  readonly what: string
  readonly mended: boolean
  /** What has been done, or what the operator has to do. */
  readonly outcome: string
  /** Applications that have it in a kept release. */
  readonly apps: readonly string[]
}
