import type { Deb } from '../../host/debian-apt.ts'
import { hashFile } from '../../host/hashing-file.ts'
import { keyOf } from '../../image/index.ts'
import { join } from 'node:path'
import type { Digest } from '../../model/names.ts'
import type { InstallPlan, LayerPlan, NpmArchive } from '../../model/plan.ts'
import { basePackages, debianArchitecture, type PackageSet } from './resolve-packages.ts'
import type { ResolvedArchive } from './resolve-archive.ts'
import { fixedTime, recipeVersion, type InstallContext } from './workshop.ts'

/** A layer whose inputs are all known: everything that its content depends on is in its key. */
export interface LayerStep {
  readonly key: string
  readonly title: string
  readonly keep: boolean
  /** Seconds; no file of the layer is younger. */
  readonly epoch: number
  readonly inputs: LayerInputs
  /** Keys of the layers that it is built on. */
  readonly standsOn: readonly string[]
  /** Keys of the answers that its inputs came from. */
  readonly answers: readonly string[]
}

export type LayerInputs =
  | { kind: 'base'; debs: readonly Deb[] }
  | { kind: 'packages'; debs: readonly Deb[] }
  | { kind: 'archive'; archive: NpmArchive; resolved: ResolvedArchive }
  | { kind: 'commands'; plan: Extract<LayerPlan, { kind: 'commands' }> }
  | { kind: 'source'; plan: Extract<LayerPlan, { kind: 'source' }> }

/** What has to be asked before a layer's inputs are known; the key names the answer in the cache. */
export type Question =
  { kind: 'packages'; key: string; names: readonly string[] } | { kind: 'archive'; key: string; archive: NpmArchive }

/** Where the answers come from: the cache, or the network when it may be asked. Undefined: not known. */
export interface Answers {
  packages(
    question: Extract<Question, { kind: 'packages' }>,
    below: readonly LayerStep[],
  ): Promise<PackageSet | undefined>
  archive(question: Extract<Question, { kind: 'archive' }>): Promise<ResolvedArchive | undefined>
}

/**
 * Turns a plan into steps with known inputs, lowest first; the base, which every plan stands on, is the first of them.
 * @returns fewer steps than the plan has when an answer is not known.
 */
export async function resolveSteps(plan: InstallPlan, context: InstallContext, answers: Answers): Promise<LayerStep[]> {
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
  const question = { kind: 'packages', key: packageQuestion(suite, names, []), names } as const
  const set = await answers.packages(question, [])
  if (!set) return undefined
  return {
    key: keyOf({ recipeVersion, kind: 'base', suite, debs: hashesOf(set.debs) }),
    title: `Debian ${suite}`,
    keep: true,
    epoch: set.epoch,
    inputs: { kind: 'base', debs: set.debs },
    standsOn: [],
    answers: [question.key],
  }
}

interface Unresolved {
  readonly layer: LayerPlan
  readonly plan: InstallPlan
  readonly context: InstallContext
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
  const { title, names, keep } = layer
  const standsOn = below.map(({ key }) => key)
  const question = { kind: 'packages', key: packageQuestion(plan.suite, names, standsOn), names } as const
  const set = await answers.packages(question, below)
  return (
    set && {
      key: keyOf({ recipeVersion, kind: 'packages', standsOn, debs: hashesOf(set.debs) }),
      ...{ title, keep, standsOn, answers: [question.key] },
      epoch: Math.max(set.epoch, ...below.map(({ epoch }) => epoch)),
      inputs: { kind: 'packages', debs: set.debs },
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
  const question = { kind: 'archive', key: keyOf({ recipeVersion, kind: 'archive', name, range }), archive } as const
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
  { context, below }: Unresolved,
): Promise<LayerStep> {
  const standsOn = below.map(({ key }) => key)
  const { commands, title, keep } = layer
  return {
    key: keyOf({
      recipeVersion,
      kind: 'commands',
      standsOn,
      commands,
      inputs: await hashInputs(layer.inputs, context),
    }),
    ...{ title, keep, standsOn, answers: [] },
    epoch: Math.max(...below.map(({ epoch }) => epoch)),
    inputs: { kind: 'commands', plan: layer },
  }
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
async function hashInputs(inputs: readonly string[], context: InstallContext): Promise<Record<string, string>> {
  if (inputs.includes('.')) return { '.': context.treeDigest }
  const hashes: Record<string, string> = {}
  for (const path of inputs) hashes[path] = await hashFile(join(context.treeDir, path))
  return hashes
}

function packageQuestion(suite: string, names: readonly string[], standsOn: readonly string[]): string {
  return keyOf({ recipeVersion, kind: 'packages', suite, architecture: debianArchitecture(), names, standsOn })
}

function hashesOf(debs: readonly Deb[]): Digest[] {
  return debs.map(({ sha256 }): Digest => `sha256:${sha256}`)
}
