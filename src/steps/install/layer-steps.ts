import type { Deb } from '../../host/debian-apt.ts'
import { hashFile } from '../../host/hashing-file.ts'
import { keyOf } from '../../image/index.ts'
import { join } from 'node:path'
import type { Artifact, Part } from '../../model/lock.ts'
import { hexOf, type Digest } from '../../model/names.ts'
import type { InstallPlan, LayerPlan, NpmArchive } from '../../model/plan.ts'
import { basePackages, timeKey } from './resolve-packages.ts'
import type { ResolvedArchive } from './resolve-archive.ts'
import { orderKey } from './unpack-order.ts'
import { debianArchitecture } from './architecture.ts'
import type { CommandsDraft, LayerStep } from './layer-step.ts'
import type { Answers } from './questions.ts'
import { fetchedKey } from './locking.ts'
import { fixedTime, recipeVersion } from './recipe.ts'
import type { TreeAtHand } from './workshop.ts'

/**
 * Turns a plan into steps with known inputs, lowest first; the base, which every plan stands on, is the first of them.
 * @returns fewer steps than the plan has when an answer is not known.
 */
export async function resolveSteps(plan: InstallPlan, context: TreeAtHand, answers: Answers): Promise<LayerStep[]> {
  const steps: LayerStep[] = []
  const base = await resolveBase(plan, answers)
  if (!base) return steps
  steps.push(base)
  for (const layer of plan.layers) {
    const step = await resolveLayer({ layer, plan, context, answers, below: steps })
    if (!step) return steps
    steps.push(step)
  }
  return steps
}

async function resolveBase({ suite }: InstallPlan, answers: Answers): Promise<LayerStep | undefined> {
  const names = basePackages(suite)
  const question = { key: packageQuestion(suite, names, []), part: 'base', names } as const
  const set = await answers.packages(question, [])
  if (!set) return undefined
  return {
    key: keyOf({ recipeVersion, kind: 'base', suite, debs: hashesOf(set.debs) }),
    title: `Debian ${suite}`,
    keep: true,
    epoch: set.epoch,
    inputs: { kind: 'base', debs: set.debs },
    standsOn: [],
    answers: [question.key, timeKey(set.debs)],
  }
}

interface Unresolved {
  readonly layer: LayerPlan
  readonly plan: InstallPlan
  readonly context: TreeAtHand
  readonly answers: Answers
  readonly below: readonly LayerStep[]
}

async function resolveLayer(unresolved: Unresolved): Promise<LayerStep | undefined> {
  const { layer } = unresolved
  switch (layer.kind) {
    case 'packages':
      return resolvePackageLayer(layer, unresolved)
    case 'archive':
      return resolveArchiveLayer(layer, unresolved)
    case 'commands':
      return resolveCommands(layer, unresolved)
    case 'source':
      return resolveSource(layer, unresolved)
  }
}

async function resolvePackageLayer(
  layer: Extract<LayerPlan, { kind: 'packages' }>,
  { plan, answers, below }: Unresolved,
): Promise<LayerStep | undefined> {
  const { title, part, names, keep } = layer
  const standsOn = below.map(({ key }) => key)
  const question = { key: packageQuestion(plan.suite, names, standsOn), part, names } as const
  const set = await answers.packages(question, below)
  return (
    set && {
      key: keyOf({ recipeVersion, kind: 'packages', standsOn, debs: hashesOf(set.debs) }),
      ...{ title, keep, standsOn, answers: [question.key, timeKey(set.debs), orderKey(set.debs)] },
      epoch: Math.max(set.epoch, ...below.map(({ epoch }) => epoch)),
      inputs: { kind: 'packages', part, debs: set.debs },
    }
  )
}

/** An archive's layer stands on nothing, so applications on different bases share it. */
async function resolveArchiveLayer(
  layer: Extract<LayerPlan, { kind: 'archive' }>,
  { answers }: Unresolved,
): Promise<LayerStep | undefined> {
  const { archive, keep } = layer
  const { name, range } = archive
  const question = { key: keyOf({ recipeVersion, kind: 'archive', name, range }), archive }
  const resolved = await answers.archive(question)
  return (
    resolved && {
      key: keyOf({ recipeVersion, kind: 'archive', digest: resolved.digest, take: archive.take }),
      title: `${layer.title} (${resolved.version})`,
      ...{ keep, epoch: fixedTime, standsOn: [], answers: [question.key] },
      inputs: { kind: 'archive', archive, resolved },
    }
  )
}

async function resolveCommands(
  layer: Extract<LayerPlan, { kind: 'commands' }>,
  { context, answers, below }: Unresolved,
): Promise<LayerStep | undefined> {
  const standsOn = below.map(({ key }) => key)
  const { commands, title, keep } = layer
  const asked = { recipeVersion, kind: 'commands', standsOn, commands, inputs: await hashInputs(layer.inputs, context) }
  const epoch = Math.max(...below.map((step) => step.epoch))
  const draft: CommandsDraft = { title, keep, epoch, standsOn, plan: layer }
  const question = { key: keyOf({ ...asked, kind: 'fetches' }), draft }
  const fetches = await answers.fetches(question, below)
  return (
    fetches && {
      key: keyOf({ ...asked, fetched: fetchedKey(fetches.artifacts) }),
      ...{ title, keep, standsOn, epoch, answers: [question.key] },
      inputs: { kind: 'commands', plan: layer, fetched: fetches.artifacts },
      ...(fetches.layer === undefined ? {} : { made: fetches.layer }),
    }
  )
}

function resolveSource(layer: Extract<LayerPlan, { kind: 'source' }>, { context }: Unresolved): LayerStep {
  const { title, keep, exclude, directories } = layer
  return {
    key: keyOf({ recipeVersion, kind: 'source', tree: context.treeDigest, exclude, directories }),
    ...{ title, keep, epoch: fixedTime, standsOn: [], answers: [] },
    inputs: { kind: 'source', plan: layer },
  }
}

/** A whole tree as an input is known by its digest, single files by theirs. */
async function hashInputs(inputs: readonly string[], context: TreeAtHand): Promise<Record<string, string>> {
  if (inputs.includes('.')) return { '.': context.treeDigest }
  const hashes: Record<string, string> = {}
  for (const path of inputs) hashes[path] = await hashFile(join(context.treeDir, path))
  return hashes
}

export function packageQuestion(suite: string, names: readonly string[], standsOn: readonly string[]): string {
  return keyOf({ recipeVersion, kind: 'packages', suite, architecture: debianArchitecture(), names, standsOn })
}

export function hashesOf(debs: readonly Deb[]): Digest[] {
  return debs.map(({ sha256 }): Digest => `sha256:${sha256}`)
}

/** What steps are made of, as a lock writes it down. */
export function artifactsOf(steps: readonly LayerStep[]): Artifact[] {
  return steps.flatMap(({ inputs }) => {
    switch (inputs.kind) {
      case 'base':
        return inputs.debs.map((deb) => debArtifact(deb, 'base'))
      case 'packages':
        return inputs.debs.map((deb) => debArtifact(deb, inputs.part))
      case 'archive':
        return [archiveArtifact(inputs.archive, inputs.resolved)]
      case 'commands':
        return inputs.fetched
      case 'source':
      case 'stage':
        return []
    }
  })
}

export function debArtifact({ name, version, url, sha256, bytes }: Deb, part: Part): Artifact {
  return { kind: 'deb', name, version, part, url, sha256, size: bytes }
}

function archiveArtifact({ name }: NpmArchive, { version, url, digest, bytes }: ResolvedArchive): Artifact {
  return { kind: 'npm', name, version, part: 'toolchain', url, sha256: hexOf(digest), size: bytes }
}
