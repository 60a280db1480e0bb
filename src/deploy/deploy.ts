import type { Readable } from 'node:stream'
import type { DeployRequest } from '../model/api.ts'
import type { Emit } from '../model/events.ts'
import { releaseName } from '../model/names.ts'
import type { Release } from '../model/release.ts'
import { freezeSettings } from '../steps/configure/index.ts'
import { applyInstall, type Installed } from '../steps/install/index.ts'
import type { App } from '../store/apps.ts'
import type { Setting } from '../store/settings.ts'
import { requireGivenLimits } from './level.ts'
import { requireReadyHost, type Berth } from './berth.ts'
import { attachDocuments, attachStatements } from './attach.ts'
import { requireLinks } from './egress/links.ts'
import { buildSecrets } from './build-secrets.ts'
import { exposedSecrets, requireWanted, sealWanted, wantedSettings, type Wanted } from './given.ts'
import { announceLock, lockingFor, storeLock } from './locking.ts'
import { requireSigned, signImage } from './image-signature.ts'
import { journaled, secondsSince, step, type Change } from './journal.ts'
import { urlOf } from './routing.ts'
import { requireRoom } from './room.ts'
import { rollOut } from './roll-out.ts'
import { requireReproduced } from './reproduction/demand.ts'
import { runSpecOf } from './run-spec.ts'
import { installPlanOf, openSource, storeSource, type Source } from './source.ts'

export interface DeployInput {
  readonly request: DeployRequest
  readonly archive: Readable
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** The five steps, in their order. Until the very end of the last one, everything serves as it did before. */
export async function deploy(berth: Berth, input: DeployInput): Promise<void> {
  const begun = performance.now()
  using held = await berth.busy.holdStore()
  await using source = await openSource(berth, input)
  const { request } = input
  if (request.goal !== 'deploy') {
    await build(berth, source, input, begun)
    return
  }
  const install = ({ emit, signal }: Change) => installSource(berth, { source, request, emit, signal })
  await deploySource(berth, source, { ...input, begun, install })
}

interface DeploySource extends Pick<DeployInput, 'emit' | 'signal'> {
  readonly request: Pick<DeployRequest, 'set'>
  /** Reading of `performance.now()`. */
  readonly begun: number
  /** The install step. */
  readonly install: (change: Change) => Promise<Installed>
}

/** The steps after the first, of a source that is there. */
export async function deploySource(
  berth: Berth,
  source: Source,
  { request, emit, signal, begun, install }: DeploySource,
): Promise<void> {
  const name = source.retrieved.app
  await journaled(berth, { name, action: 'deploy', emit, signal }, async (change) => {
    emit({ kind: 'deploy-started', app: name, deployment: change.deployment })
    const declared = source.manifest.configure.env
    const stored = berth.state.settings.list(change.app)
    const wanted = wantedSettings(stored, declared, request)
    // A setting that is missing after the build is missing now, so this comes first.
    await requireWanted(berth, change.app, declared, wanted)
    for (const exposed of exposedSecrets(stored, declared)) {
      const message = `${exposed} is sealed from now on; earlier releases hold its value in the clear, so change it`
      emit({ kind: 'notice', message })
    }
    requireGivenLimits(source.manifest, await berth.isolator.cannotGive())
    requireLinks(berth, name, source.manifest.isolation.links)
    await requireReadyHost(berth, source.manifest.isolation.level, emit)
    berth.state.deployments.reached(change.deployment, 'install')
    const installed = await install(change)
    const image = { app: name, digest: installed.image.digest }
    const statements = requireReproduced(source.manifest, image, source.retrieved.attestations)
    await describeImage(berth, source, installed)
    await attachStatements(berth, image.digest, statements)
    const signedBy = await requireSigned(berth, source, image.digest)
    const outcome = await release(berth, change, { source, installed, wanted, signedBy })
    const { number, image: digest } = outcome.release
    const seconds = secondsSince(begun)
    const result = { app: name, release: releaseName(number), digest, url: urlOf(berth, name), seconds }
    emit({ kind: 'deployed', ...result, changed: outcome.changed })
  })
}

/** Attaches to the image what is known of it. */
async function describeImage(berth: Berth, { retrieved }: Source, { image, lock }: Installed): Promise<void> {
  const { app, treeDigest } = retrieved
  const lockDigest = await storeLock(berth, lock)
  await attachDocuments(berth, { app, image: image.digest, lock, lockDigest, treeDigest })
  await signImage(berth, image.digest)
}

/** Builds the image, and stops there; whoever only wants the lock is not told of the image. */
async function build(
  berth: Berth,
  source: Source,
  { emit, signal, request }: DeployInput,
  begun: number,
): Promise<void> {
  const { app } = source.retrieved
  const installed = await installSource(berth, { source, request, emit, signal })
  if (request.goal === 'lock') {
    emit({ kind: 'done', app, action: 'lock', message: `${app} is locked` })
    return
  }
  await describeImage(berth, source, installed)
  emit({ kind: 'built', app, digest: installed.image.digest, seconds: secondsSince(begun) })
}

interface InstallInput {
  readonly source: Source
  readonly request: DeployRequest
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** The install step, with or without a lock. */
export async function installSource(
  berth: Berth,
  { source, request, emit: tell, signal }: InstallInput,
): Promise<Installed> {
  const locking = await lockingFor(berth, source, request)
  const plan = installPlanOf(source)
  const counts = { reused: 0, made: 0 }
  const emit: Emit = (event) => {
    if (event.kind === 'layer') counts[event.reused ? 'reused' : 'made'] += 1
    tell(event)
  }
  return step('install', emit, async () => {
    const { treeDigest } = source.retrieved
    const { app } = source.retrieved
    const secret = buildSecrets(berth, app, request)
    const context = { instance: berth.instance, treeDir: source.folder, treeDigest, emit, signal, locking, app, secret }
    if (locking.mode === 'follow') await requireRoom(berth, { plan, context, lock: locking.lock })
    const installed = await applyInstall(plan, context)
    announceLock(source, locking, installed.lock, emit)
    const summary =
      counts.made === 0 ? `${counts.reused} layers reused` : `${counts.made} layers made, ${counts.reused} reused`
    return { result: installed, summary, reused: counts.made === 0 }
  })
}

interface ReleaseInput {
  readonly source: Source
  readonly installed: Installed
  readonly wanted: Wanted
  /** Keys, PEM, of which one has to have signed the image. */
  readonly signedBy: readonly string[]
}

/** Configure, initialise and start: from an image to a release that serves. */
async function release(
  berth: Berth,
  change: Change,
  { source, installed, wanted, signedBy }: ReleaseInput,
): Promise<{ release: Release; changed: boolean }> {
  const { app, emit } = change
  const { next, settings } = await step('configure', emit, async () => {
    berth.state.deployments.reached(change.deployment, 'configure')
    const stored = await sealWanted(berth, app, wanted)
    const made = await makeRelease(berth, app, { source, installed, signedBy, settings: stored })
    const count = Object.keys(made.settings).length + Object.keys(made.secretVersions).length
    return { result: { next: made, settings: stored }, summary: `${count} ${count === 1 ? 'setting' : 'settings'}` }
  })
  const declared = source.manifest.configure.env
  const commit = () => {
    berth.state.settings.replace(app, settings)
    berth.state.apps.setDeclared(app.id, declared)
    berth.state.apps.setTrouble(app.id, undefined)
  }
  const current = servingAlready(berth, app, next)
  if (current) {
    berth.state.atomically(commit)
    berth.state.deployments.leadsTo(change.deployment, current.number)
    return { release: current, changed: false }
  }
  await rollOut(berth, change, { release: next, isNew: true, commit })
  return { release: next, changed: true }
}

/** The release that serves, when it is the same in everything that matters. */
function servingAlready({ state }: Berth, app: App, next: Release): Release | undefined {
  const serving = state.sandboxes.serving(app)
  if (!serving || app.trouble || serving.release !== app.currentRelease) return undefined
  const current = state.releases.get(app, serving.release)
  const essence = ({ image, settings, secretVersions, run }: Release) =>
    JSON.stringify([image, settings, secretVersions, run])
  return essence(current) === essence(next) ? current : undefined
}

interface MakeInput extends Omit<ReleaseInput, 'wanted'> {
  readonly settings: readonly Setting[]
}

async function makeRelease(
  berth: Berth,
  app: App,
  { source, installed: { image, lock }, signedBy, settings }: MakeInput,
): Promise<Release> {
  const { origin, treeDigest, manifestText } = source.retrieved
  return {
    app: app.name,
    number: berth.state.releases.nextNumber(app),
    image: image.digest,
    layers: [...image.layers],
    source: {
      ...{ description: origin, treeDigest, archive: await storeSource(berth, source) },
      ...(manifestText === undefined ? {} : { manifest: manifestText }),
      ...(signedBy.length === 0 ? {} : { signedBy: [...signedBy] }),
    },
    lock: await storeLock(berth, lock),
    ...freezeSettings(source.manifest.configure.env, settings),
    run: runSpecOf(source.manifest, image.config),
    createdAt: new Date().toISOString(),
  }
}
