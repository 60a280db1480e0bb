import { join } from 'node:path'
import type { Artifact, Lock } from '../../model/lock.ts'
import type { Image, ImageConfigPlan } from '../../model/plan.ts'
import { noStartCommand } from '../../model/problems/install.ts'
import { makeDirectoryInside } from './copy-tree.ts'
import type { ImageConfig } from './dockerfile/index.ts'
import { keyOf } from '../../image/index.ts'
import type { LayerStep } from './layer-step.ts'
import { fetchedArtifacts, fetchedKey, heldArtifacts, newLock, requireFitting, type Recording } from './locking.ts'
import type { DockerfileInstall } from './plan-dockerfile.ts'
import { recipeVersion } from './recipe.ts'
import { StackBuilder } from './stack-builder.ts'
import { BuildContext } from './stages/build-context.ts'
import { StageBuilder, type Fetching } from './stages/stage-builder.ts'
import { replaySession } from './with-proxy.ts'
import type { Workshop } from './workshop.ts'

/** An image and the lock that it was built with. */
interface Made {
  readonly image: Image
  readonly lock: Lock
}

/**
 * Makes an image as a Dockerfile says. Without a lock everything is done twice: once to write down what is fetched, and
 * then of nothing but that, so that the image is the one that every other machine will come to.
 */
export async function applyDockerfile(plan: DockerfileInstall, workshop: Workshop): Promise<Made> {
  for (const { message } of plan.dockerfile.notes)
    workshop.emit({ kind: 'notice', message: `${plan.path}: ${message}` })
  const { locking } = workshop
  if (locking.mode === 'follow') {
    requireFitting(plan, locking)
    return { image: await replay(plan, workshop, locking.lock), lock: locking.lock }
  }
  const lock = await record(plan, workshop, locking)
  const following: Workshop = { ...workshop, locking: { mode: 'follow', lock, file: 'berth.lock' } }
  return { image: await replay(plan, following, lock), lock }
}

async function replay(plan: DockerfileInstall, workshop: Workshop, lock: Lock): Promise<Image> {
  const artifacts = fetchedArtifacts(lock.artifacts)
  const fetching: Fetching = {
    sessionFor: () => replaySession(workshop, artifacts),
    key: fetchedKey(artifacts),
    took: () => undefined,
  }
  const builder = new StackBuilder(workshop)
  const stages = new StageBuilder(workshop, builder, await stageContext(plan, workshop), fetching)
  const { evaluated, steps } = await stages.build()
  const config = runConfig(plan, evaluated.config)
  const all = plan.directories.length === 0 ? steps : [...steps, volumeStep(plan, steps, stages.time)]
  const layers = []
  for (const [index, step] of all.entries()) layers.push(await builder.provide(step, all.slice(0, index)))
  return workshop.store.writeImage(layers, config, stages.time)
}

async function record(plan: DockerfileInstall, workshop: Workshop, recording: Recording): Promise<Lock> {
  workshop.emit({ kind: 'notice', message: 'no lock fits: building once to write down what is fetched' })
  const artifacts: Artifact[] = []
  const held = fetchedArtifacts(heldArtifacts(plan, recording))
  const fetching: Fetching = {
    sessionFor: () => ({
      mode: 'record',
      held,
      ...(recording.asOf === undefined ? {} : { asOf: new Date(recording.asOf) }),
    }),
    // What is recorded stands for this recording alone.
    key: `${Date.now()} ${Math.random()}`,
    took: (more) => artifacts.push(...more),
  }
  const stages = new StageBuilder(workshop, new StackBuilder(workshop), await stageContext(plan, workshop), fetching)
  await stages.build()
  return newLock(plan, recording, { artifacts: [...stages.imageArtifacts, ...artifacts], time: stages.time })
}

async function stageContext(plan: DockerfileInstall, workshop: Workshop) {
  const { app = 'the application', secret = () => Promise.resolve(undefined) } = workshop
  return { app, plan: plan.dockerfile, secret, tree: await BuildContext.open(workshop.treeDir, plan.ignore) }
}

const defaultPort = 8000

/** How the image is run: what the manifest says comes first. */
function runConfig(
  plan: DockerfileInstall,
  { Entrypoint = [], Cmd = [], Env = [], ...rest }: ImageConfig,
): ImageConfigPlan {
  const argv = plan.argv ?? [...Entrypoint, ...Cmd]
  if (argv.length === 0) throw noStartCommand({ looked: ['CMD and ENTRYPOINT of the Dockerfile'] })
  const exposed = Object.keys(rest.ExposedPorts ?? {}).find((port) => !port.endsWith('/udp'))
  const port = plan.port ?? (exposed === undefined ? defaultPort : parseInt(exposed, 10))
  const env = Object.fromEntries(
    Env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  const { Labels, Volumes, StopSignal } = rest
  return {
    ...{ argv, env, port },
    workdir: rest.WorkingDir ?? '/',
    described: { ...(Labels && { Labels }), ...(Volumes && { Volumes }), ...(StopSignal && { StopSignal }) },
  }
}

/** Directories for volumes that the image itself does not have. */
function volumeStep(plan: DockerfileInstall, below: readonly LayerStep[], epoch: number): LayerStep {
  const standsOn = below.map(({ key }) => key)
  const { directories } = plan
  return {
    key: keyOf({ recipeVersion, kind: 'volumes', standsOn, directories, epoch }),
    ...{ title: 'directories of volumes', keep: true, epoch, standsOn, answers: [] },
    inputs: {
      kind: 'stage',
      times: 'set',
      make: async ({ upper }) => {
        for (const directory of directories) await makeDirectoryInside(join(upper), directory)
      },
    },
  }
}
