import { join } from 'node:path'
import * as files from '../../host/files.ts'
import type { Normalisation, StoredLayer } from '../../image/index.ts'
import type { LayerInputs, LayerStep } from './layer-step.ts'
import type { LayerWork } from './layer-work.ts'
import { makeArchive } from './make-archive.ts'
import { makeCommands } from './make-commands.ts'
import { makeBase, makePackages } from './make-packages.ts'
import { makeSource } from './make-source.ts'
import { explainWantOfRoom } from './room.ts'
import { replaySession } from './replay-session.ts'
import type { Workshop } from './workshop.ts'

/**
 * Builds one layer and puts it into the store. Its temporary directory is gone afterwards, whatever happened.
 * @param below Unpacked layers that it stands on, lowest first.
 */
export function makeLayer(workshop: Workshop, step: LayerStep, below: readonly string[]): Promise<StoredLayer> {
  const { title, epoch, inputs } = step
  return withLayerWork(workshop, { title, epoch, below, ...normalisationOf(inputs) }, (work) => fill(work, inputs))
}

/** Carries a step out for what it does on the way: what it leaves goes to `directory`, and not into the store. */
export function rehearseLayer(
  workshop: Workshop,
  step: LayerStep,
  { below, directory }: { readonly below: readonly string[]; readonly directory: string },
): Promise<void> {
  const { title, epoch, inputs } = step
  const how = { epoch, ...normalisationOf(inputs) }
  return withWorkDirectory(workshop, { title, epoch, below }, async (work) => {
    await fill(work, inputs)
    await workshop.store.layers.prepare(work.upper, how, directory)
  })
}

type LayerOutline = Pick<LayerWork, 'title' | 'below'> & Normalisation

/** Debian's byte-code and package scripts know the times and owners that dpkg gave; the others' mean nothing. */
function normalisationOf(inputs: LayerInputs): Omit<Normalisation, 'epoch'> {
  if (inputs.kind === 'stage') return { times: inputs.times, takeOwnership: false, keepScratch: true }
  const isDebian = inputs.kind === 'base' || inputs.kind === 'packages'
  return { times: isDebian ? 'clamp' : 'set', takeOwnership: !isDebian }
}

/** Makes room for a layer, has it filled, and puts it into the store. */
export async function withLayerWork(
  workshop: Workshop,
  { title, below, ...normalisation }: LayerOutline,
  fillLayer: (work: LayerWork) => Promise<void>,
): Promise<StoredLayer> {
  const { epoch } = normalisation
  return withWorkDirectory(workshop, { title, below, epoch }, async (work) => {
    await fillLayer(work)
    return workshop.store.layers.adopt(work.upper, normalisation)
  })
}

async function withWorkDirectory<Result>(
  workshop: Workshop,
  outline: Pick<LayerWork, 'title' | 'below' | 'epoch'>,
  use: (work: LayerWork) => Promise<Result>,
): Promise<Result> {
  const directory = workshop.store.blobs.temporaryPath('build')
  const upper = join(directory, 'upper')
  const id = `${process.pid.toString(36)}-${(buildCounter += 1)}`
  try {
    for (const path of [upper, join(directory, 'work')]) await files.mkdir(path, { recursive: true })
    return await use({ id, workshop, directory, upper, ...outline })
  } catch (error) {
    throw await explainWantOfRoom(error, workshop.instance.home)
  } finally {
    await files.removeTree(directory)
  }
}
let buildCounter = 0

async function fill(work: LayerWork, inputs: LayerInputs): Promise<void> {
  switch (inputs.kind) {
    case 'base':
      return makeBase(work, inputs.debs, inputs.aptSuite)
    case 'packages':
      return makePackages(work, inputs.debs)
    case 'archive':
      return makeArchive(work, inputs.archive, inputs.resolved)
    case 'commands':
      await makeCommands(work, inputs.plan, replaySession(work.workshop, inputs.fetched))
      return
    case 'source':
      return makeSource(work, inputs.plan)
    case 'stage':
      return inputs.make(work)
  }
}
