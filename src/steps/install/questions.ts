import type { StoredLayer } from '../../image/index.ts'
import type { Artifact, Part } from '../../model/lock.ts'
import type { NpmArchive } from '../../model/plan.ts'
import type { CommandsDraft, LayerStep } from './layer-step.ts'
import type { ResolvedArchive } from './resolve-archive.ts'
import type { PackageSet } from './resolve-packages.ts'

/** What has to be asked before a layer's inputs are known; the key names the answer in the cache. */
export interface PackagesQuestion {
  readonly key: string
  readonly part: Part
  readonly names: readonly string[]
}

export interface ArchiveQuestion {
  readonly key: string
  readonly archive: NpmArchive
}

/** What the commands of a layer fetch; `draft` is the layer that would come of it. */
export interface FetchesQuestion {
  readonly key: string
  readonly draft: CommandsDraft
}

/** What commands fetched, and the layer that was made meanwhile, if it was. */
export interface Fetches {
  readonly artifacts: readonly Artifact[]
  readonly layer?: StoredLayer
}

/** Where the answers come from: a lock, the cache, or the network when it may be asked. Undefined: not known. */
export interface Answers {
  packages(question: PackagesQuestion, below: readonly LayerStep[]): Promise<PackageSet | undefined>
  archive(question: ArchiveQuestion): Promise<ResolvedArchive | undefined>
  fetches(question: FetchesQuestion, below: readonly LayerStep[]): Promise<Fetches | undefined>
}
