import type { Readable } from 'node:stream'
import type { DeployPlan, DeployRequest } from '../model/api.ts'
import { hostNotReady } from '../model/problems/deploy.ts'
import type { Release } from '../model/release.ts'
import { freezeSettings } from '../steps/configure/index.ts'
import {
  type DockerfileInstall,
  detectManifest,
  inspectInstall,
  plannedConfig,
  plannedRunHints,
  runPart,
} from '../steps/install/index.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'
import { requireWanted, wantedSettings } from './given.ts'
import { describeLock, planLock, refusalOf, type LockPlan } from './plan-lock.ts'
import { describeReach, requireLinks } from './egress/links.ts'
import { mustGiveWay } from './give-way.ts'
import { describeLevel, requireGivenLimits } from './level.ts'
import { runSpecOf } from './run-spec.ts'
import { installPlanOf, openSource, type Source } from './source.ts'

interface SourceInput {
  readonly request: DeployRequest
  readonly archive: Readable
  readonly signal: AbortSignal
}

function refuseWhen(refusals: DeployPlan['refusals'], check: () => void): void {
  try {
    check()
  } catch (error) {
    refusals.push(refusalOf(error))
  }
}

type PlanStep = DeployPlan['steps'][number]

/** What a deploy of this source would do. Retrieves, which disturbs nothing, and changes nothing. */
export async function planDeploy(berth: Berth, input: SourceInput): Promise<DeployPlan> {
  using held = await berth.busy.holdStore()
  await using source = await openSource(berth, { ...input, emit: () => undefined })
  const name = source.retrieved.app
  const app = berth.state.apps.find(name)
  const current = app?.currentRelease === undefined ? undefined : berth.state.releases.get(app, app.currentRelease)
  const refusals: DeployPlan['refusals'] = []
  refuseWhen(refusals, () => requireLinks(berth, name, source.manifest.isolation.links))
  const lock = await planLock(berth, source, { current, request: input.request, refusals })
  refusals.push(...(await levelRefusals(berth, source)))
  const steps = [
    retrieveStep(source, current),
    await installStep(berth, source, { signal: input.signal, lock }),
    await configureStep(berth, { source, app, current, request: input.request, refusals }),
    initialiseStep(source),
    startStep(source, current),
  ]
  return { app: name, steps, lock: lock.planned, refusals }
}

/** Why the level that the manifest names would be refused. */
async function levelRefusals({ isolator }: Berth, { manifest }: Source): Promise<DeployPlan['refusals']> {
  const [missing, lacking] = await Promise.all([isolator.missing(manifest.isolation.level), isolator.cannotGive()])
  const checks = [
    () => requireGivenLimits(manifest, lacking),
    () => {
      if (missing.length > 0) throw hostNotReady({ missing })
    },
  ]
  return checks.flatMap((check) => {
    try {
      check()
      return []
    } catch (error) {
      return [refusalOf(error)]
    }
  })
}

/** The manifest that `berth init` writes for a source that has none. */
export async function detect(berth: Berth, input: SourceInput): Promise<{ manifest: string }> {
  using held = await berth.busy.holdStore()
  await using source = await openSource(berth, { ...input, emit: () => undefined })
  return { manifest: detectManifest(source.facts) }
}

function retrieveStep({ retrieved }: Source, current: Release | undefined): PlanStep {
  const changes = current?.source.treeDigest !== retrieved.treeDigest
  const { files, origin, treeDigest } = retrieved
  const seen = changes ? '' : ', as in the current release'
  return { step: 'retrieve', actions: [`${files} files from ${origin}, tree ${treeDigest}${seen}`], changes }
}

async function installStep(
  berth: Berth,
  source: Source,
  { signal, lock }: { signal: AbortSignal; lock: LockPlan },
): Promise<PlanStep> {
  const { treeDigest } = source.retrieved
  const context = {
    instance: berth.instance,
    treeDir: source.folder,
    treeDigest,
    emit: () => undefined,
    signal,
  }
  const plan = installPlanOf(source)
  const layers = await inspectInstall(plan, context, lock.followed)
  const made = layers.map(({ title, reused }) => `${reused ? 'reuse' : 'make '} ${title}`)
  const hints = plan.kind === 'dockerfile' ? plannedRunHints(plan) : []
  const actions = [...made, ...describeLock(lock.planned), ...hints.map(({ message }) => `note  ${message}`)]
  const isOther = lock.planned.kind === 'none' || lock.planned.changes.length > 0
  return { step: 'install', actions, changes: isOther || layers.some(({ reused }) => !reused) }
}

interface ConfigureInput {
  readonly source: Source
  readonly app: App | undefined
  readonly current: Release | undefined
  readonly request: DeployRequest
  readonly refusals: DeployPlan['refusals']
}

async function configureStep(berth: Berth, input: ConfigureInput): Promise<PlanStep> {
  const { source, app, current, request, refusals } = input
  const declared = source.manifest.configure.env
  const stored = app ? berth.state.settings.list(app) : []
  const wanted = wantedSettings(stored, declared, request)
  const asked = app ?? {
    id: 0,
    name: source.retrieved.app,
    wanted: 'running',
    currentRelease: undefined,
    declared,
    trouble: undefined,
  }
  await requireWanted(berth, asked, declared, wanted).catch((error: unknown) => {
    refusals.push(refusalOf(error))
  })
  const names = Object.keys(request.set)
  const next = freezeSettings(declared, stored)
  const settled = { ...next.settings, ...next.secretVersions }
  const before: Record<string, unknown> = { ...current?.settings, ...current?.secretVersions }
  const changed = Object.entries(settled).flatMap(([name, value]) => (before[name] === value ? [] : [name]))
  const all = [...new Set([...names, ...changed])].sort()
  return {
    step: 'configure',
    actions: all.length > 0 ? [`set ${all.join(', ')}`] : ['no setting changes'],
    changes: all.length > 0,
  }
}

function initialiseStep({ manifest }: Source): PlanStep {
  const commands = manifest.initialise.run.map(
    (command) => `run ${typeof command === 'string' ? command : command.join(' ')}`,
  )
  return { step: 'initialise', actions: commands.length > 0 ? commands : ['nothing'], changes: commands.length > 0 }
}

function startStep(source: Source, current: Release | undefined): PlanStep {
  const plan = installPlanOf(source)
  // What a Dockerfile starts is known for certain when it has been carried out.
  const config = plan.kind === 'layers' ? plan.config : plannedStart(plan)
  const run = runSpecOf(source.manifest, { port: source.manifest.start.port ?? 8000, workdir: '/', ...config })
  const changes = JSON.stringify(current?.run) !== JSON.stringify(run)
  const { port, health } = run
  const actions = [
    `${run.argv.join(' ')} on port ${port}, healthy when ${wayOf(health)}`,
    ...describeLevel(run),
    ...(current && mustGiveWay(current, { run })
      ? [
          'the release that serves is stopped first: a disk of a virtual machine has one owner, so requests fail meanwhile',
        ]
      : []),
    ...describeReach(run),
    ...run.volumes.map(({ name, path, bytes }) => `volume ${name} at ${path}, at most ${bytes / 1024 ** 2} MiB`),
    ...run.domains.map((domain) => `domain ${domain}`),
  ]
  return { step: 'start', actions, changes }
}

function plannedStart(plan: DockerfileInstall) {
  return { argv: plan.argv ?? ['what the Dockerfile starts'], env: {}, ...runPart(plannedConfig(plan) ?? {}) }
}

function wayOf({ path, own }: Release['run']['health']): string {
  if (!own) return `${path} answers`
  return own.kind === 'port' ? 'the port is open' : `\`${own.argv.join(' ')}\` ends well inside`
}
