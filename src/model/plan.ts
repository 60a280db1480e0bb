import type { LockedInput, Part } from './lock.ts'
import type { Digest } from './names.ts'

/**
 * How an image is made, as data: computed by a pure function from the manifest and the tree, shown by `berth plan`,
 * and carried out by an executor that does not know what language it builds.
 */
export interface InstallPlan {
  readonly kind: 'layers'
  /** A Debian suite: every image stands on a base that berth makes from its packages. */
  readonly suite: string
  readonly layers: readonly LayerPlan[]
  readonly config: ImageConfigPlan
  /** What of the source decides which packages are installed: a lock fits as long as these stay the same. */
  readonly inputs: readonly LockedInput[]
}

/**
 * One layer. `keep: false` is there for the layers after it to build with, and no part of the image.
 * The order is from what changes seldom to what changes at every deploy.
 */
export type LayerPlan =
  | { kind: 'packages'; title: string; part: Part; names: readonly string[]; keep: boolean }
  | { kind: 'archive'; title: string; archive: NpmArchive; keep: boolean }
  | {
      kind: 'commands'
      title: string
      commands: readonly BuildCommand[]
      inputs: readonly string[]
      keep: true
      /** What the operator should know when the layer is built. */
      notices?: readonly string[]
    }
  | { kind: 'source'; title: string; exclude: readonly string[]; directories: readonly string[]; keep: true }

/** Files out of a package of the npm registry: the source of Node itself for deployed applications. */
export interface NpmArchive {
  readonly name: string
  /** A semver range; the highest version that satisfies it is taken when the plan is first resolved. */
  readonly range: string
  /** Path inside the archive, and where it goes in the image. A path may be a file or a directory. */
  readonly take: readonly { readonly from: string; readonly to: string }[]
}

/**
 * A command of a build. It runs in the application's directory as a user without privileges, with no way out but the
 * proxy; `inputs` of its layer are there to be read, and only what it leaves in `/app` becomes the layer.
 */
export interface BuildCommand {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Docker's addition to the configuration of images, by its names. Durations are nanoseconds, and 0 says nothing. */
export interface ImageHealthcheck {
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', command]`. */
  readonly Test: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}

export interface ImageConfigPlan {
  readonly workdir: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  /** What asks it to end, as a Dockerfile or an image has it: anything. */
  readonly stopSignal?: string
  /** How its image tells whether it is well. */
  readonly healthcheck?: ImageHealthcheck
  /** What runs commands that are lines, with its arguments; `/bin/sh -c` unless said. */
  readonly shell?: readonly string[]
  /** More fields of the image's own configuration, which only describe (image-spec, config.md). */
  readonly described?: Readonly<Record<string, unknown>>
}

/** A finished image: what the install step gives. */
export interface Image {
  readonly digest: Digest
  /** Diff ids of its layers, lowest first: each is also the name of an unpacked layer in the store. */
  readonly layers: readonly Digest[]
  readonly config: ImageConfigPlan
}
