import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  labelOf,
  originOf,
  stepsOf,
  type BuildkitStep,
  type Labels,
} from '../../../../tests/dockerfile/buildkit-notation.ts'
import { Problem } from '../../../model/problem.ts'
import {
  evaluateStage,
  imagesOf,
  planDockerfile,
  withTriggers,
  type DockerfilePlan,
  type EvaluatedStage,
  type ImageConfig,
  type Note,
  type StageStart,
} from './index.ts'

/** Dockerfiles, and what BuildKit v0.34 makes of each: written down by a program that called its frontend. */
interface Case {
  readonly options?: {
    readonly buildArgs?: Record<string, string>
    readonly target?: string
    readonly images?: Record<string, ImageConfig>
  }
  readonly buildkit: {
    readonly error?: string
    readonly line?: number
    readonly config?: ImageConfig
    readonly author?: string
    readonly history?: readonly string[]
    readonly steps?: readonly BuildkitStep[]
    readonly warnings?: readonly { readonly rule: string; readonly line: number }[]
  }
}

const folder = join(import.meta.dirname, '../../../../tests/fixtures/dockerfiles')
const cases = JSON.parse(readFileSync(join(folder, 'language.json'), 'utf8')) as Record<string, Case>

interface Built {
  readonly stage: EvaluatedStage
  readonly history: readonly string[]
  readonly steps: readonly BuildkitStep[]
  readonly notes: readonly Note[]
}

/** Does what the executor of a plan does, without executing. */
function build(name: string, { options = {} }: Case): Built {
  const { buildArgs = {}, target, images = {} } = options
  const text = readFileSync(join(folder, 'language', `${name}.Dockerfile`), 'utf8')
  const request = { text, path: 'Dockerfile', buildArgs, platform: 'linux/amd64' }
  const plan = resolved(planDockerfile({ ...request, ...(target !== undefined && { target }) }), images)
  const labels: Labels = new Map()
  const stages = new Map<number, EvaluatedStage>()
  const histories = new Map<number, string[]>()
  const steps = plan.needed.flatMap((index) => {
    const { base } = plan.stages[index]!
    const stage = evaluateStage(plan, index, startOf(base, stages, images))
    const below = originOf(base, labels)
    const before = base.kind === 'stage' ? histories.get(base.index)! : []
    stages.set(index, stage)
    histories.set(index, [...before, ...stage.history.map((one) => `${one.empty_layer ? 0 : 1} ${one.created_by}`)])
    labels.set(index, labelOf(below, stage.steps.length))
    return stepsOf(stage, below, labels)
  })
  const notes = [...plan.notes, ...[...stages.values()].flatMap((stage) => stage.notes)]
  return { stage: stages.get(plan.target)!, history: histories.get(plan.target)!, steps, notes }
}

function resolved(plan: DockerfilePlan, images: Record<string, ImageConfig>): DockerfilePlan {
  const seen = new Set<number>()
  for (let current = plan; ;) {
    const next = current.needed.find((index) => !seen.has(index))
    if (next === undefined) return current
    seen.add(next)
    const { base } = current.stages[next]!
    assert.ok(base.kind !== 'image' || imagesOf(current).some(({ reference }) => reference === base.reference))
    const triggers = base.kind === 'image' ? (images[base.reference]?.OnBuild ?? []) : []
    if (triggers.length > 0) current = withTriggers(current, next, triggers)
  }
}

function startOf(
  base: DockerfilePlan['stages'][number]['base'],
  stages: ReadonlyMap<number, EvaluatedStage>,
  images: Record<string, ImageConfig>,
): StageStart {
  switch (base.kind) {
    case 'scratch':
      return { kind: 'scratch' }
    case 'stage':
      return { kind: 'stage', stage: stages.get(base.index)! }
    case 'image':
      return { kind: 'image', config: images[base.reference] ?? {} }
  }
}

describe('a Dockerfile', () => {
  for (const [name, one] of Object.entries(cases)) {
    const { buildkit } = one
    if (buildkit.error !== undefined) {
      it(`${name} is refused, as by BuildKit: ${buildkit.error.split('\n')[0]}`, () => {
        assert.throws(
          () => build(name, one),
          (error) =>
            error instanceof Problem &&
            (buildkit.line === undefined || error.text.at === `Dockerfile:${buildkit.line}`),
        )
      })
    } else {
      it(`${name} comes to what BuildKit makes of it`, () => {
        const { stage, history, steps } = build(name, one)
        assert.deepEqual(stage.config, buildkit.config)
        assert.equal(stage.author, buildkit.author)
        assert.deepEqual(unique(steps), unique(buildkit.steps ?? []))
        const lines = (buildkit.history ?? []).map((line) => line.replace(/ # buildkit$/, ''))
        assert.deepEqual(history.map(withoutHealthcheck), lines.map(withoutHealthcheck))
      })
    }
  }
})

function unique(steps: readonly BuildkitStep[]): string[] {
  return [...new Set(steps.map((step) => JSON.stringify(step)))].sort()
}

/** Go prints a health check in a manner of its own. */
function withoutHealthcheck(line: string): string {
  return line.replace(/(?<=^0 HEALTHCHECK ).*$/s, '')
}
