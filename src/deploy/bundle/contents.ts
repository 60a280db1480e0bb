import { stat } from '../../host/files.ts'
import { attestationType } from '../../model/attestation.ts'
import { bundleFormat, type BundleHeader, type BundleMember, type BundleQuestion } from '../../model/bundle.ts'
import type { Emit } from '../../model/events.ts'
import { digestOf, isAbsent, type Artifact, type Lock } from '../../model/lock.ts'
import { releaseName, type Digest } from '../../model/names.ts'
import { Problem } from '../../model/problem.ts'
import { bundleIncomplete } from '../../model/problems/bundle.ts'
import type { Release } from '../../model/release.ts'
import { signatureType } from '../../model/signature.ts'
import { fetchArtifact } from '../../steps/install/index.ts'
import type { Berth } from '../berth.ts'
import { secondsSince, step } from '../journal.ts'
import { requireLockOf } from '../locking.ts'
import { encodeBundle, type Bundle } from './encode.ts'

interface Asked extends BundleQuestion {
  readonly app: string
  readonly emit: Emit
  readonly signal: AbortSignal
}

/**
 * Makes sure that all of a release is in the store, whole; what its lock names and the store has lost is fetched again.
 * @throws bundleIncomplete, blobCorrupt, imageMissing, and the problems of a download
 */
export async function prepareBundle(berth: Berth, { app, release: number, emit, signal }: Asked): Promise<void> {
  const begun = performance.now()
  using held = await berth.busy.holdStore()
  const release = releaseOf(berth, app, number)
  await step('install', emit, async () => {
    const lock = await requireLockOf(berth, release)
    await fetchMissing(berth, lock, { what: nameOf(release), emit, signal })
    const { members } = await describe(berth, release)
    for (const { digest } of members) {
      signal.throwIfAborted()
      await berth.images.blobs.verify(digest)
    }
    return { result: undefined, summary: `${members.length} members checked` }
  })
  const { header, size } = await bundleOf(berth, { app, release: release.number })
  const seconds = secondsSince(begun)
  emit({ kind: 'bundled', app, release: releaseName(release.number), digest: header.image, bytes: size, seconds })
}

/** The bundle of a release that has been prepared; nothing of it is checked again. */
export async function bundleOf(
  berth: Berth,
  { app, release: number }: BundleQuestion & { readonly app: string },
): Promise<Bundle> {
  const header = await describe(berth, releaseOf(berth, app, number))
  return encodeBundle(header, (digest) => berth.images.blobs.path(digest))
}

function releaseOf({ state }: Berth, name: string, number: number | undefined): Release {
  const app = state.apps.get(name)
  return state.releases.get(app, number ?? app.currentRelease ?? 0)
}

function nameOf({ app, number }: Release): string {
  return `${app} ${releaseName(number)}`
}

async function fetchMissing(
  { instance, images: store }: Berth,
  lock: Lock,
  { what, emit, signal }: { what: string; emit: Emit; signal: AbortSignal },
): Promise<void> {
  const locking = { mode: 'follow', lock, file: `the lock of ${what}` } as const
  const place = { instance, store, emit, signal, locking }
  let done = 0
  for (const artifact of lock.artifacts) {
    try {
      await fetchArtifact(place, { lock, artifact }, (bytes) => {
        done += bytes
        emit({ kind: 'progress', step: 'install', what: 'fetched again', done, unit: 'bytes' })
      })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const missing = `${artifact.kind} ${artifact.name} ${artifact.version}`
      throw bundleIncomplete({ what, missing, reason: `: ${error.message}` }, { cause: error })
    }
  }
}

/** Everything of a release, by digest. */
async function describe(berth: Berth, release: Release): Promise<BundleHeader> {
  const { images } = berth
  const lock = await requireLockOf(berth, release)
  const { archive, manifest } = release.source
  const what = nameOf(release)
  if (archive === undefined) throw bundleIncomplete({ what, missing: 'its source', reason: '' })
  const found = new Map<Digest, string>()
  for (const artifact of lock.artifacts) {
    if (!isAbsent(artifact)) found.set(digestOf(artifact), describeArtifact(artifact))
  }
  for (const [digest, name] of await images.partsOf(release.image)) found.set(digest, name)
  found.set(release.lock, 'lock').set(archive, 'source')
  const written = manifest === undefined ? undefined : (await images.blobs.addText(manifest)).digest
  if (written) found.set(written, 'manifest')
  const attached = await images.attachments([release.image])
  const ofType = (type: string) =>
    attached.filter(({ artifactType }) => artifactType === type).map(({ digest }) => digest)
  const [signatures, attestations] = [ofType(signatureType).sort(), ofType(attestationType).sort()]
  for (const [digests, name] of [
    [signatures, 'signature'],
    [attestations, 'statement'],
  ] as const) {
    for (const digest of digests) for (const part of (await images.partsOf(digest)).keys()) found.set(part, name)
  }
  return {
    ...{ format: bundleFormat, app: release.app, architecture: lock.architecture },
    ...{ image: release.image, lock: release.lock, source: archive },
    ...(written === undefined ? {} : { manifest: written }),
    ...{ signatures, ...(attestations.length === 0 ? {} : { attestations }) },
    members: await membersOf(berth, found, what),
  }
}

function describeArtifact({ kind, name, version }: Artifact): string {
  return `${kind} ${name} ${version}`
}

async function membersOf(
  { images: { blobs } }: Berth,
  found: ReadonlyMap<Digest, string>,
  what: string,
): Promise<BundleMember[]> {
  const members: BundleMember[] = []
  for (const [digest, name] of [...found].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (!(await blobs.has(digest))) throw bundleIncomplete({ what, missing: name, reason: '' })
    members.push({ digest, size: (await stat(blobs.path(digest))).size, what: name })
  }
  return members
}
