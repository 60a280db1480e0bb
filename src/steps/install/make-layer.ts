import { join } from 'node:path'
import * as files from '../../host/files.ts'
import type { Normalisation, StoredLayer } from '../../image/index.ts'
import type { LayerInputs, LayerStep } from './layer-steps.ts'
import type { LayerWork } from './layer-work.ts'
import { makeArchive } from './make-archive.ts'
import { makeCommands } from './make-commands.ts'
import { makeBase, makePackages } from './make-packages.ts'
import { makeSource } from './make-source.ts'
import { explainWantOfRoom } from './room.ts'
import type { Workshop } from './workshop.ts'

/**
 * Builds one layer and puts it into the store. Its temporary directory is gone afterwards, whatever happened.
 * @param below Unpacked layers that it stands on, lowest first.
 */
export async function makeLayer(workshop: Workshop, step: LayerStep, below: readonly string[]): Promise<StoredLayer> {
  const directory = workshop.store.blobs.temporaryPath('build')
  const upper = join(directory, 'upper')
  const id = `${process.pid.toString(36)}-${(buildCounter += 1)}`
  try {
    for (const path of [upper, join(directory, 'work')]) await files.mkdir(path, { recursive: true })
    const work = { id, title: step.title, workshop, directory, upper, below, epoch: step.epoch }
    await fill(work, step.inputs)
    return await workshop.store.layers.adopt(upper, normalisationOf(step))
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
      return makeBase(work, inputs.debs)
    case 'packages':
      return makePackages(work, inputs.debs)
    case 'archive':
      return makeArchive(work, inputs.archive, inputs.resolved)
    case 'commands':
      return makeCommands(work, inputs.plan)
    case 'source':
      return makeSource(work, inputs.plan)
  }
}

function normalisationOf({ epoch, inputs }: LayerStep): Normalisation {
  const isDebian = inputs.kind === 'base' || inputs.kind === 'packages'
  // Debian's byte-code and package scripts know the times and owners that dpkg gave; the others' mean nothing.
  return { epoch, times: isDebian ? 'clamp' : 'set', takeOwnership: !isDebian }
}
