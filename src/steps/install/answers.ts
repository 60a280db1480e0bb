import type { Cache } from '../../image/index.ts'
import { z } from 'zod'
import { isDigest, type Digest } from '../../model/names.ts'
import type { Answers, LayerStep } from './layer-steps.ts'
import { resolveArchive } from './resolve-archive.ts'
import { installedStatus, resolvePackages } from './resolve-packages.ts'
import type { Workshop } from './workshop.ts'

const PackageSet = z.strictObject({
  debs: z.array(
    z.strictObject({ name: z.string(), version: z.string(), url: z.string(), bytes: z.int(), sha256: z.string() }),
  ),
  epoch: z.int(),
})

const ResolvedArchive = z.strictObject({
  version: z.string(),
  url: z.string(),
  integrity: z.string(),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
})

/** Answers that were given before; asks nobody. */
export function rememberedAnswers(cache: Cache): Answers {
  return {
    packages: async ({ key }) => PackageSet.safeParse(await cache.answer(key)).data,
    archive: async ({ key }) => ResolvedArchive.safeParse(await cache.answer(key)).data,
  }
}

/**
 * Answers that were given before, and where there is none (or `refresh` asks for newer ones) those of apt and npm.
 * @param directoriesOf Provides the layers below, whose packages count as installed.
 */
export function askAnswers(
  workshop: Workshop,
  directoriesOf: (below: readonly LayerStep[]) => Promise<string[]>,
): Answers {
  const { cache } = workshop.store
  const remembered = rememberedAnswers(cache)
  return {
    packages: async (question, below) => {
      const known = workshop.refresh ? undefined : await remembered.packages(question, below)
      if (known) return known
      const status = await installedStatus(await directoriesOf(below))
      const found = await resolvePackages(workshop, question.names, status)
      await cache.rememberAnswer(question.key, found)
      return found
    },
    archive: async (question) => {
      const known = workshop.refresh ? undefined : await remembered.archive(question)
      if (known) return known
      const found = await resolveArchive(workshop, question.archive)
      await cache.rememberAnswer(question.key, found)
      return found
    },
  }
}
