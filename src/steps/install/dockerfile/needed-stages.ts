import type { Dockerfile } from './dockerfile.ts'
import type { Instruction } from './instruction.ts'
import { originsOf } from './origin.ts'
import type { DockerfilePlan, Stage } from './plan-data.ts'
import { reported } from './source.ts'
import { TextFault } from './text-fault.ts'

type Graph = Pick<DockerfilePlan, 'stages' | 'target' | 'platform'> & { readonly file: Dockerfile }

/**
 * The stages that the target needs, itself among them. A stage can only need earlier ones, so the order of the file is
 * the order in which they can be made.
 * @throws dockerfile-stage when one needs itself or a later one.
 */
export function neededStages(graph: Graph): number[] {
  const needed = new Set([graph.target])
  for (const index of needed) {
    const stage = graph.stages[index]
    if (!stage) continue
    for (const below of needsOf(stage, graph)) needed.add(below)
  }
  return [...needed].sort((a, b) => a - b)
}

function needsOf(stage: Stage, graph: Graph): number[] {
  const base = stage.base.kind === 'stage' ? [stage.base.index] : []
  const others = stage.instructions.flatMap((instruction) =>
    reported(graph.file.source, instruction.line, () => earlierOnly(instruction, stage, graph)),
  )
  return [...base, ...others]
}

function earlierOnly(instruction: Instruction, stage: Stage, graph: Graph): number[] {
  const indexes = originsOf(instruction, graph).flatMap((origin) => (origin.kind === 'stage' ? [origin.index] : []))
  const wrong = indexes.find((index) => index >= stage.index)
  if (wrong !== undefined) throw notYetThere(stage, wrong, graph)
  return indexes
}

function notYetThere(stage: Stage, later: number, graph: Graph): TextFault {
  const path = pathBetween(later, stage.index, graph)
  if (path) {
    const names = [stage.index, ...path].map((index) => nameOf(graph.stages[index], index))
    return new TextFault('stage', {
      message: `a stage cannot need itself: ${names.join(' needs ')}`,
      fix: 'Move what both need into a stage above them',
    })
  }
  return new TextFault('stage', {
    message: `${nameOf(graph.stages[later], later)} comes only after this`,
    fix: 'Move that stage above this one',
  })
}

/** A way from one stage to another along what they need, if there is one. */
function pathBetween(from: number, to: number, graph: Graph, seen = new Set<number>()): number[] | undefined {
  if (from === to) return [to]
  const stage = graph.stages[from]
  if (!stage || seen.has(from)) return undefined
  seen.add(from)
  const base = stage.base.kind === 'stage' ? [stage.base.index] : []
  const origins = stage.instructions.flatMap((one) => originsOf(one, graph))
  for (const next of [...base, ...origins.flatMap((one) => (one.kind === 'stage' ? [one.index] : []))]) {
    const path = pathBetween(next, to, graph, seen)
    if (path) return [from, ...path]
  }
  return undefined
}

function nameOf(stage: Stage | undefined, index: number): string {
  return `stage ${stage?.name ?? index}`
}
