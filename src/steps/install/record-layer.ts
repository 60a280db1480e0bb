import type { Artifact } from '../../model/lock.ts'
import { Problem } from '../../model/problem.ts'
import type { Fetches } from './questions.ts'
import type { CommandsDraft } from './layer-step.ts'
import { withLayerWork } from './make-layer.ts'
import { makeCommands } from './make-commands.ts'
import type { Workshop } from './workshop.ts'

interface ToRecord {
  readonly draft: CommandsDraft
  /** Unpacked layers below, lowest first. */
  readonly below: readonly string[]
  readonly held: readonly Artifact[]
  readonly asOf: string | undefined
}

/**
 * Runs the commands of a layer against the real registries and writes down what they fetch. What an earlier lock had
 * stays; when nothing fits together that way, everything may move.
 */
export async function recordLayer(workshop: Workshop, toRecord: ToRecord): Promise<Required<Fetches>> {
  const { held, draft } = toRecord
  try {
    return await attempt(workshop, toRecord)
  } catch (error) {
    if (held.length === 0 || !(error instanceof Problem) || error.code !== 'build-failed') throw error
    const message = `${draft.title}: what berth.lock has does not fit together with what changed; looking everything up`
    workshop.emit({ kind: 'notice', message })
    return attempt(workshop, { ...toRecord, held: [] })
  }
}

async function attempt(workshop: Workshop, { draft, below, held, asOf }: ToRecord): Promise<Required<Fetches>> {
  const { plan } = draft
  let artifacts: readonly Artifact[] = []
  const { title, epoch } = draft
  const outline = { title, epoch, below, times: 'set', takeOwnership: true } as const
  const layer = await withLayerWork(workshop, outline, async (work) => {
    const cut = asOf === undefined ? {} : { asOf: new Date(asOf) }
    artifacts = await makeCommands(work, plan, { mode: 'record', held, ...cut })
  })
  return { artifacts, layer }
}
