import type { Deb } from '../../host/debian-apt.ts'
import type { Normalisation, StoredLayer } from '../../image/index.ts'
import type { Artifact, Part } from '../../model/lock.ts'
import type { LayerPlan, NpmArchive } from '../../model/plan.ts'
import type { LayerWork } from './layer-work.ts'
import type { ResolvedArchive } from './resolve-archive.ts'

/** A layer whose inputs are all known: everything that its content depends on is in its key. */
export interface LayerStep {
  readonly key: string
  readonly title: string
  readonly keep: boolean
  /** Seconds; no file of the layer is younger. */
  readonly epoch: number
  readonly inputs: LayerInputs
  /** Keys of the layers that it is built on. */
  readonly standsOn: readonly string[]
  /** Keys of the answers that its inputs came from. */
  readonly answers: readonly string[]
  /** Carried out to find out what is fetched, and for nothing else: nobody will have its layer. */
  readonly isRehearsal?: boolean
  /** The layer, when it came to be while its inputs were recorded. */
  readonly made?: StoredLayer
}

/** A layer of commands of which it is not known yet what they fetch. */
export interface CommandsDraft extends Pick<LayerStep, 'title' | 'keep' | 'epoch' | 'standsOn'> {
  readonly plan: Extract<LayerPlan, { kind: 'commands' }>
}

export type LayerInputs =
  /** With `aptSuite` the image has an apt that knows where its packages are, as a Dockerfile expects it. */
  | { kind: 'base'; debs: readonly Deb[]; aptSuite?: string }
  | { kind: 'packages'; part: Part; debs: readonly Deb[] }
  | { kind: 'archive'; archive: NpmArchive; resolved: ResolvedArchive }
  | { kind: 'commands'; plan: Extract<LayerPlan, { kind: 'commands' }>; fetched: readonly Artifact[] }
  | { kind: 'source'; plan: Extract<LayerPlan, { kind: 'source' }> }
  /** One step of a Dockerfile; everything that it depends on is in the key. */
  | { kind: 'stage'; times: Normalisation['times']; make(work: LayerWork): Promise<void> }
