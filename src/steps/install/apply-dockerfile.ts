import type { Lock } from '../../model/lock.ts'
import type { Image, ImageConfigPlan } from '../../model/plan.ts'
import { noStartCommand } from '../../model/problems/install.ts'
import type { ImageConfig } from './dockerfile/index.ts'
import { keyOf } from '../../image/index.ts'
import type { LayerStep } from './layer-step.ts'
import { withTree } from './layer-work.ts'
import { fetchedArtifacts, fetchedKey, heldArtifacts, newLock, requireFitting, type Recording } from './locking.ts'
import type { DockerfileInstall } from './plan-dockerfile.ts'
import { recipeVersion } from './recipe.ts'
import { runHints, runPart } from './run-hints.ts'
import { StackBuilder } from './stack-builder.ts'
import { BuildContext } from './stages/build-context.ts'
import type { Fetching } from './stages/fetching.ts'
import { fetchHeld, withoutSiblings } from './stages/held-debs.ts'
import { RecordedFetching } from './stages/recorded-fetching.ts'
import { makeDirectories, resolveInRoot } from './stages/root-path.ts'
import { StageBuilder } from './stages/stage-builder.ts'
import { asLocked, asUnrepeatable } from './stages/step-failure.ts'
import { replaySession } from './replay-session.ts'
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
  for (const { line, message } of plan.dockerfile.notes)
    workshop.emit({ kind: 'notice', message: `${plan.path}:${line}: ${message}` })
  const { locking } = workshop
  if (locking.mode === 'follow') {
    requireFitting(plan, locking)
    try {
      return { image: await replay(plan, workshop, locking.lock), lock: locking.lock }
    } catch (error) {
      throw asLocked(error, locking.file)
    }
  }
  const lock = await record(plan, workshop, locking)
  const following: Workshop = { ...workshop, locking: { mode: 'follow', lock, file: 'berth.lock' } }
  try {
    return { image: await replay(plan, following, lock), lock }
  } catch (error) {
    throw asUnrepeatable(error)
  }
}

async function replay(plan: DockerfileInstall, workshop: Workshop, lock: Lock): Promise<Image> {
  const artifacts = fetchedArtifacts(lock.artifacts)
  const fetching: Fetching = {
    sessionFor: () => replaySession(workshop, artifacts),
    key: fetchedKey(artifacts),
    took: () => undefined,
    isRehearsal: false,
  }
  const builder = new StackBuilder(workshop)
  const stages = new StageBuilder(workshop, builder, await stageContext(plan, workshop), fetching)
  const { evaluated, steps } = await stages.build()
  const config = runConfig(plan, evaluated.config)
  for (const { message, matters } of runHints(evaluated.config, plan)) {
    if (matters) workshop.emit({ kind: 'notice', message })
  }
  const all = plan.directories.length === 0 ? steps : [...steps, volumeStep(plan, steps, stages.time)]
  const layers = []
  for (const [index, step] of all.entries()) layers.push(await builder.provide(step, all.slice(0, index)))
  return workshop.store.writeImage(layers, config, stages.time)
}

async function record(plan: DockerfileInstall, workshop: Workshop, recording: Recording): Promise<Lock> {
  const before = fetchedArtifacts(recording.previous?.artifacts ?? [])
  const held = withoutSiblings(fetchedArtifacts(heldArtifacts(plan, recording)), before)
  await fetchHeld(workshop, held)
  const fetching = new RecordedFetching(workshop, recording, held)
  const context = await stageContext(plan, workshop)
  const builder = new StackBuilder(workshop)
  const stages = new StageBuilder(workshop, builder, context, fetching)
  try {
    await stages.build()
  } finally {
    await builder.close()
  }
  const artifacts = [...stages.imageArtifacts, ...fetching.artifacts]
  return newLock(plan, recording, { artifacts, time: stages.time })
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
  const { Labels, Volumes } = rest
  return {
    ...{ argv, env, port },
    workdir: rest.WorkingDir ?? '/',
    ...runPart(rest),
    described: { ...(Labels && { Labels }), ...(Volumes && { Volumes }) },
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
      make: (work) =>
        withTree(work, async (root) => {
          for (const directory of directories) await makeDirectories(resolveInRoot(root, directory))
        }),
    },
  }
}
