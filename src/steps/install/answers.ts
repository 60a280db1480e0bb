import { z } from 'zod'
import { keyOf, type Cache } from '../../image/index.ts'
import { artifactKinds, type Artifact, type Lock, type Part } from '../../model/lock.ts'
import { isDigest, type Digest } from '../../model/names.ts'
import type { NpmArchive } from '../../model/plan.ts'
import type { CommandsDraft, LayerStep } from './layer-step.ts'
import type { Answers, Fetches, PackagesQuestion } from './questions.ts'
import { fetchedArtifacts, heldArtifacts, type Following, type Recording } from './locking.ts'
import { pastKey, pastOf } from './past-mirror.ts'
import { resolveArchive, type ResolvedArchive } from './resolve-archive.ts'
import {
  installedStatus,
  packageSetOf,
  rememberedPackageSet,
  resolvePackages,
  type PackageSet,
} from './resolve-packages.ts'
import type { Workshop } from './workshop.ts'

const PackageSetText = z.strictObject({
  debs: z.array(
    z.strictObject({ name: z.string(), version: z.string(), url: z.string(), bytes: z.int(), sha256: z.string() }),
  ),
  epoch: z.int(),
})

const ArchiveText = z.strictObject({
  version: z.string(),
  url: z.string(),
  bytes: z.int(),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
})

const FetchesText = z.array(
  z.strictObject({
    kind: z.enum(artifactKinds),
    name: z.string(),
    version: z.string(),
    url: z.string(),
    sha256: z.string(),
    size: z.int(),
    tags: z.array(z.string()).exactOptional(),
  }),
)

/** Answers that were given before; asks nobody. */
export function rememberedAnswers(cache: Cache): Answers {
  return {
    packages: async ({ key }) => PackageSetText.safeParse(await cache.answer(key)).data,
    archive: async ({ key }) => ArchiveText.safeParse(await cache.answer(key)).data,
    fetches: async ({ key }) => {
      const artifacts = FetchesText.safeParse(await cache.answer(key)).data
      return artifacts && { artifacts }
    },
  }
}

/** The answers that a lock gives. */
export function lockedAnswers(workshop: Workshop, { lock }: Following): Answers {
  return answersOf(lock, (artifacts) => packageSetOf(workshop, artifacts))
}

/** The answers that a lock gives without asking anybody. */
export function lockedAnswersAtHand(cache: Cache, lock: Lock): Answers {
  return answersOf(lock, (artifacts) => rememberedPackageSet(cache, artifacts))
}

function answersOf(
  lock: Lock,
  packagesOf: (artifacts: readonly Artifact[]) => Promise<PackageSet | undefined>,
): Answers {
  const inPart = (part: Part) => lock.artifacts.filter((artifact) => artifact.part === part)
  return {
    packages: ({ part }) => packagesOf(inPart(part)),
    archive: ({ archive }) => Promise.resolve(archiveOf(inPart('toolchain'), archive)),
    fetches: () => Promise.resolve({ artifacts: fetchedArtifacts(lock.artifacts) }),
  }
}

function archiveOf(artifacts: readonly Artifact[], { name }: NpmArchive): ResolvedArchive | undefined {
  const found = artifacts.find((artifact) => artifact.name === name)
  return found && { version: found.version, url: found.url, bytes: found.size, digest: `sha256:${found.sha256}` }
}

/** How new answers are made: by building what is below first, and by running the commands. */
export interface Making {
  /** The unpacked layers of steps, which are built when they are not there. */
  directoriesOf(below: readonly LayerStep[]): Promise<string[]>
  /** Runs the commands of a layer and writes down what they fetch. */
  record(draft: CommandsDraft, below: readonly LayerStep[], held: readonly Artifact[]): Promise<Required<Fetches>>
}

/**
 * Answers for a new lock: those of the lock before it where its question is the same, those that were given before to
 * another application of this berth, and where there is none the network's.
 */
export function recordingAnswers(workshop: Workshop, recording: Recording, making: Making): Answers {
  const { cache } = workshop.store
  const remembered = rememberedAnswers(cache)
  const held = heldArtifacts(workshop.plan, recording)
  const looksAnew = recording.update === 'all' || recording.update.length > 0
  const remember = async <Answer>(key: string, answer: Answer): Promise<Answer> => {
    await cache.rememberAnswer(key, answer)
    return answer
  }
  return {
    packages: async (asked, below) => {
      const kept = await keptPackages(workshop, recording, asked)
      const past = pastOf(recording)
      const question = past === undefined ? asked : { ...asked, key: keyOf({ key: asked.key, past: pastKey(past) }) }
      const known = kept ?? (looksAnew ? undefined : await remembered.packages(question, below))
      if (known) return known
      const status = await installedStatus(await making.directoriesOf(below))
      return remember(question.key, await resolvePackages(workshop, question.names, { status, held }))
    },
    archive: async (question) => {
      const kept = archiveOf(held, question.archive)
      const known = kept ?? (looksAnew ? undefined : await remembered.archive(question))
      return known ?? remember(question.key, await resolveArchive(workshop, question.archive))
    },
    fetches: async ({ draft, key }, below) => {
      const fetched = fetchedArtifacts(held)
      // What others were answered depends on the day; what this one's lock says comes first.
      const isFresh = recording.previous === undefined && !looksAnew
      const question = { draft, key: recording.asOf === undefined ? key : keyOf({ key, asOf: recording.asOf }) }
      const known = isFresh ? await remembered.fetches(question, below) : undefined
      if (known) return known
      const made = await making.record(draft, below, fetched)
      await remember(question.key, made.artifacts)
      return made
    },
  }
}

/** The packages of the previous lock, when nothing that decides them has changed. */
async function keptPackages(
  workshop: Workshop,
  { previous, update }: Recording,
  { part, names }: PackagesQuestion,
): Promise<PackageSet | undefined> {
  if (!previous || update === 'all') return undefined
  const ofPart = previous.artifacts.filter((artifact) => artifact.part === part)
  const decides = (name: string) => previous.inputs.find((input) => input.file === 'berth.toml' && input.name === name)
  const wanted = new Map(workshop.plan.inputs.filter(({ file }) => file === 'berth.toml').map((i) => [i.name, i.value]))
  const unchanged = [
    'base',
    'python',
    'node',
    ...(part === 'build' ? ['apt', 'build_apt'] : part === 'base' ? [] : ['apt']),
  ]
  if (unchanged.some((name) => decides(name)?.value !== wanted.get(name))) return undefined
  const touched = ofPart.some(({ name }) => update.includes(name)) || names.some((name) => update.includes(name))
  return touched || (ofPart.length === 0 && names.length > 0) ? undefined : packageSetOf(workshop, ofPart)
}
