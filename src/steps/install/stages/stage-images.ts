import { keyOf } from '../../../image/index.ts'
import type { Artifact } from '../../../model/lock.ts'
import type { ImageConfig, ImageOrigin } from '../dockerfile/index.ts'
import type { LayerStep } from '../layer-step.ts'
import { debArtifact, hashesOf, packageQuestion } from '../layer-steps.ts'
import { recipeVersion } from '../recipe.ts'
import { distributionPackages, packageSetOf, resolvePackages, timeKey, type PackageSet } from '../resolve-packages.ts'
import { rememberedAnswers } from '../answers.ts'
import type { Workshop } from '../workshop.ts'
import { debianSuiteOf } from './debian-image.ts'
import { registryImage } from './registry-image.ts'
import type { StageImage } from './stage-image.ts'

export type { StageImage }

const debianConfig: ImageConfig = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  Cmd: ['bash'],
}

/**
 * Finds out what an image is made of: Debian by its packages, every other one by what its registry has.
 * @throws the problems of resolving, and of registries
 */
export async function stageImage(workshop: Workshop, image: ImageOrigin): Promise<StageImage> {
  const suite = debianSuiteOf(image.reference)
  if (suite === undefined) return registryImage(workshop, image)
  const own: Workshop = { ...workshop, plan: { ...workshop.plan, suite } }
  const names = distributionPackages(suite)
  const key = packageQuestion(suite, names, [])
  const set = await packagesOf(own, { key, names, suite })
  const step: LayerStep = {
    key: keyOf({ recipeVersion, kind: 'debian', suite, debs: hashesOf(set.debs) }),
    title: `debian:${suite}`,
    keep: true,
    epoch: set.epoch,
    inputs: { kind: 'base', debs: set.debs, aptSuite: suite },
    standsOn: [],
    answers: [key, timeKey(set.debs)],
  }
  const artifacts = set.debs.map((deb) => ({ ...debArtifact(deb, 'base'), tags: [suite] }))
  return { steps: [step], config: debianConfig, artifacts }
}

/** The packages of a suite: those of the lock, those that another application of this berth was given, or the newest. */
async function packagesOf(
  workshop: Workshop,
  { key, names, suite }: { key: string; names: readonly string[]; suite: string },
): Promise<PackageSet> {
  const { locking } = workshop
  const ofSuite = (artifacts: readonly Artifact[]) =>
    artifacts.filter(({ kind, part, tags }) => kind === 'deb' && part === 'base' && (tags ?? []).includes(suite))
  if (locking.mode === 'follow') return packageSetOf(workshop, ofSuite(locking.lock.artifacts))
  const { update, previous } = locking
  const locked = ofSuite(previous?.artifacts ?? [])
  const moves = update === 'all' || locked.some(({ name }) => update.includes(name))
  if (locked.length > 0 && !moves) return packageSetOf(workshop, locked)
  const known = moves
    ? undefined
    : await rememberedAnswers(workshop.store.cache).packages({ key, names, part: 'base' }, [])
  if (known) return known
  const held = update === 'all' ? [] : locked.filter(({ name }) => !update.includes(name))
  const found = await resolvePackages(workshop, names, { status: '', held })
  await workshop.store.cache.rememberAnswer(key, found)
  return found
}
