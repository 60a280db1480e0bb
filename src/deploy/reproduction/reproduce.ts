import type { Readable } from 'node:stream'
import { createReadStream, stat } from '../../host/files.ts'
import { pathsOf } from '../../host/instance.ts'
import { ImageStore } from '../../image/index.ts'
import type { DeployRequest } from '../../model/api.ts'
import type { Emit } from '../../model/events.ts'
import type { Lock } from '../../model/lock.ts'
import { releaseName, type Digest } from '../../model/names.ts'
import type { Image } from '../../model/plan.ts'
import { notReproducible, recipeChanged, sourceNotKept, staleByteCode } from '../../model/problems/proof.ts'
import { appNeverDeployed } from '../../model/problems/state.ts'
import type { Reproduction } from '../../model/proof.ts'
import type { Release } from '../../model/release.ts'
import { recipeVersion } from '../../steps/install/recipe.ts'
import type { Berth } from '../berth.ts'
import { buildSecrets } from '../build-secrets.ts'
import { byteCodeOf } from './byte-code.ts'
import { installSource } from '../deploy.ts'
import { secondsSince, step } from '../journal.ts'
import { lockOf, storeLock } from '../locking.ts'
import { installPlanOf, openSource, storeSource, type Source } from '../source.ts'
import { warnOfDates } from './dates.ts'
import { differencesOf } from './differences.ts'
import { Elsewhere } from './rebuild.ts'
import { chooseSurroundings, type Surroundings } from './surroundings.ts'

interface Work {
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** An image, and all that it was made of. */
export interface Original {
  readonly app: string
  /** How to name it in messages, such as `shop v3`. */
  readonly what: string
  readonly release?: string
  readonly image: Image
  readonly lock: Lock
  readonly lockDigest: Digest
  readonly treeDigest: Digest
  /** The blob with the source tree. */
  readonly archive: Digest
  readonly manifest: string | undefined
  /** Secrets that were given to the build and are stored nowhere. */
  readonly set?: DeployRequest['set']
}

/** A second build and what came of it. */
export interface Rebuilt {
  readonly original: Original
  readonly surroundings: Surroundings
  readonly reproduction: Reproduction
}

/**
 * Builds the image of a release again.
 * @param number Of the release; undefined: the current one.
 * @throws notReproducible with the files that differ, recipeChanged, sourceNotKept, and the problems of a build
 */
export async function reproduceRelease(
  berth: Berth,
  asked: Work & { readonly app: string },
  number: number | undefined,
): Promise<Rebuilt> {
  using held = await berth.busy.holdStore()
  const app = berth.state.apps.get(asked.app)
  const wanted = number ?? app.currentRelease
  if (wanted === undefined) throw appNeverDeployed({ app: app.name })
  return await rebuild(berth, await originalOf(berth, berth.state.releases.get(app, wanted)), asked)
}

async function originalOf(berth: Berth, release: Release): Promise<Original> {
  const { archive, treeDigest, manifest } = release.source
  const what = `${release.app} ${releaseName(release.number)}`
  const lock = await lockOf(berth, release)
  if (!lock) throw sourceNotKept({ what, missing: 'lock' })
  if (archive === undefined || !(await berth.images.blobs.isIntact(archive))) {
    throw sourceNotKept({ what, missing: 'source' })
  }
  const image = await berth.images.readImage(release.image)
  const made = { lock, lockDigest: release.lock, treeDigest, archive, manifest }
  return { app: release.app, what, release: releaseName(release.number), image, ...made }
}

/** Builds a source as `berth build` does, and once more of nothing. */
export async function reproduceSource(
  berth: Berth,
  input: Work & { readonly request: DeployRequest; readonly archive: Readable },
): Promise<Rebuilt> {
  using held = await berth.busy.holdStore()
  const original = await originalFrom(berth, input)
  return await rebuild(berth, { ...original, set: input.request.set }, input)
}

async function originalFrom(
  berth: Berth,
  input: Work & { readonly request: DeployRequest; readonly archive: Readable },
): Promise<Original> {
  await using source = await openSource(berth, input)
  const { image, lock } = await installSource(berth, { source, ...input })
  const { app, treeDigest, manifestText: manifest } = source.retrieved
  const stored = { lockDigest: await storeLock(berth, lock), archive: await storeSource(berth, source) }
  return { app, what: app, image, lock, treeDigest, manifest, ...stored }
}

async function rebuild(berth: Berth, original: Original, { emit, signal }: Work): Promise<Rebuilt> {
  const { what, image, lock, app, release } = original
  if (lock.recipe !== recipeVersion) throw recipeChanged({ what, locked: lock.recipe, known: recipeVersion })
  const begun = performance.now()
  const surroundings = await chooseSurroundings(await roomFor(berth, original))
  await using elsewhere = await Elsewhere.make(berth, surroundings)
  const titles = new Map<Digest, string>()
  const tell: Emit = (event) => {
    if (event.kind === 'layer') titles.set(event.digest, event.title)
    emit(event)
  }
  const again = await step('install', tell, async () => {
    const result = await buildAgain(berth, original, elsewhere, { emit: tell, signal })
    return { result, summary: 'built again of nothing but the source and the lock' }
  })
  const second = { store: new ImageStore(elsewhere.instance), image: again }
  if (again.digest !== image.digest) {
    const differences = await differencesOf({ store: berth.images, image }, second, {
      titles,
      builds: surroundings,
    })
    for (const difference of differences) emit({ kind: 'difference', ...difference })
    throw notReproducible({ what, digest: image.digest, again: again.digest, differences })
  }
  await warnOfDates(second, { titles, time: lock.time }, emit)
  const byteCode = await byteCodeOf(second.store, again)
  if (byteCode.stale.length > 0) {
    throw staleByteCode({ what, lines: byteCode.stale.map(({ path, reason }) => `${path}: ${reason}`) })
  }
  const { varied, notVaried } = surroundings
  const known = { app, ...(release === undefined ? {} : { release }), digest: image.digest, again: again.digest }
  const seconds = secondsSince(begun)
  return { original, surroundings, reproduction: { ...known, varied, notVaried, byteCode: byteCode.files, seconds } }
}

async function buildAgain(berth: Berth, original: Original, elsewhere: Elsewhere, work: Work): Promise<Image> {
  const { app, lock, manifest, treeDigest } = original
  await elsewhere.bring(lock, berth.images.blobs)
  const request = requestFor(original)
  const archive = createReadStream(berth.images.blobs.path(original.archive))
  const inside = { ...berth, paths: pathsOf(elsewhere.instance) }
  await using source = await openSource(inside, { request, archive, emit: () => undefined, signal: work.signal })
  const secrets = await secretsFor(berth, source, request)
  const order = { app, treeDir: source.folder, treeDigest, lockPath: request.lockPath, secrets }
  return await elsewhere.build({ ...order, ...(manifest === undefined ? {} : { manifest }) }, lock, work)
}

/** Only a Dockerfile can ask for secrets; they go through a pipe, and to no disk. */
async function secretsFor(berth: Berth, source: Source, request: DeployRequest): Promise<Record<string, string>> {
  if (installPlanOf(source).kind === 'layers') return {}
  const app = berth.state.apps.find(source.retrieved.app)
  const open = buildSecrets(berth, source.retrieved.app, request)
  const secrets: Record<string, string> = { ...request.set }
  for (const { name } of app ? berth.state.settings.list(app) : []) secrets[name] = (await open(name)) ?? ''
  return secrets
}

function requestFor({ app, what, manifest, set = {} }: Original): DeployRequest {
  return {
    ...{ fallbackName: app, manifestPath: 'berth.toml', origin: what, set, goal: 'build', locked: true },
    lockPath: `the lock of ${what}`,
    ...(manifest === undefined ? {} : { manifest }),
  }
}

/**
 * Bytes that a build of nothing takes: each layer unpacked and as an archive, and the layers that only the build needs.
 * Packages of Debian unpack to four times their size.
 */
async function roomFor({ images }: Berth, { image, lock }: Original): Promise<number> {
  const sizes = image.layers.map((layer) =>
    stat(images.blobs.path(layer)).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  const layers = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  const downloads = lock.artifacts.reduce((sum, { size }) => sum + size, 0)
  return 3 * layers + 6 * downloads + 256 * 1024 ** 2
}
