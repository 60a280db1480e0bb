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

/** Something that the disk, or somebody, has damaged. */
export const Damage = z.strictObject({
  /** A layer's title, or the name of a blob. */
  what: z.string(),
  mended: z.boolean(),
  /** What has been done, or what the operator has to do. */
  outcome: z.string(),
  /** Applications that have it in a kept release. */
  apps: z.array(z.string()),
})
export type Damage = z.infer<typeof Damage>

/** The last time that everything in the store was read and checked. */
export const ScrubReport = z.strictObject({
  /** RFC 3339, UTC. */
  finishedAt: z.string(),
  layers: z.int(),
  blobs: z.int(),
  damage: z.array(Damage),
})
export type ScrubReport = z.infer<typeof ScrubReport>
