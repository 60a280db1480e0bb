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
import { ownRules } from './notes.ts'

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

/** Where berth goes another way than BuildKit, and why. */
const refused: Record<string, { code: string; why: string }> = {
  'arg-flag': { code: 'dockerfile-unknown-flag', why: 'BuildKit drops flags of ARG without a word' },
  'run-network-host': { code: 'dockerfile-unsupported', why: 'a build has no way but the proxy' },
  'run-security-insecure': { code: 'dockerfile-unsupported', why: 'a build is sealed' },
  'run-device': { code: 'dockerfile-unsupported', why: 'a build is sealed' },
  'env-name-empty-variable': { code: 'dockerfile-value', why: 'no program can see a variable without a name' },
  'add-url-bad-host': { code: 'dockerfile-value', why: 'BuildKit fails when it fetches it' },
  'onbuild-image-chained': { code: 'dockerfile-trigger', why: 'no build makes such an image' },
  'onbuild-copy-from-own': { code: 'dockerfile-stage', why: 'BuildKit copies from what is half made' },
}

/** Lines where BuildKit names another one, next to the fault or of a message that goes on. */
const otherLines: Record<string, number> = {
  'lines-blank-only': 1,
  'lines-comments-only': 1,
  'directive-twice': 2,
  'copy-from-circular': 2,
}

/** BuildKit keeps these as they are written; berth cleans paths, to the same effect. */
const cleaned: readonly [RegExp, string][] = [
  [/(?<=WORKDIR \/x\/y)\/$/, ''],
  [/(?<="cache )\/a\/\.\.\/b\/(?= )/, '/b'],
  [/(?<="(?:copy|mkdir)[^"]* \/x\/y)\/(?= )/, ''],
]

describe('a Dockerfile', () => {
  for (const [name, one] of Object.entries(cases)) {
    const { buildkit } = one
    const other = refused[name]
    if (other) {
      it(`${name} is refused, unlike by BuildKit: ${other.why}`, () => {
        assert.throws(() => build(name, one), hasCode(other.code))
      })
    } else if (buildkit.error !== undefined) {
      it(`${name} is refused, as by BuildKit: ${buildkit.error.split('\n')[0]}`, () => {
        const line = otherLines[name] ?? buildkit.line
        assert.throws(() => build(name, one), isAt(line))
      })
    } else {
      it(`${name} comes to what BuildKit makes of it`, () => {
        const { stage, history, steps } = build(name, one)
        assert.deepEqual(stage.config, buildkit.config)
        assert.equal(stage.author, buildkit.author)
        assert.deepEqual(unique(steps), unique(buildkit.steps ?? []))
        const lines = (buildkit.history ?? []).map((line) => line.replace(/ # buildkit$/, ''))
        assert.deepEqual(history.map(comparable), lines.map(comparable))
      })
    }
  }
})

describe('the notes on a Dockerfile', () => {
  const known = new Set(
    Object.entries(cases).flatMap(([name, one]) =>
      isBuilt(name, one) ? build(name, one).notes.map(({ rule }) => rule) : [],
    ),
  )
  for (const [name, one] of Object.entries(cases).filter(([name, each]) => isBuilt(name, each))) {
    it(`are those of BuildKit for ${name}`, () => {
      const notes = build(name, one).notes.filter(({ rule }) => !ownRules.includes(rule))
      const warnings = (one.buildkit.warnings ?? []).filter(({ rule }) => known.has(rule))
      assert.deepEqual(sorted(notes), sorted(warnings))
    })
  }
})

function isBuilt(name: string, { buildkit }: Case): boolean {
  return buildkit.error === undefined && !(name in refused)
}

function sorted(notes: readonly { readonly rule: string; readonly line: number }[]): string[] {
  return [...new Set(notes.map(({ rule, line }) => `${line} ${rule}`))].sort()
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Problem && error.code === code
}

function isAt(line: number | undefined): (error: unknown) => boolean {
  return (error) => error instanceof Problem && (line === undefined || error.text.at === `Dockerfile:${line}`)
}

function unique(steps: readonly BuildkitStep[]): string[] {
  return [...new Set(steps.map((step) => comparable(JSON.stringify(step))))].sort()
}

/** Go prints a health check in a manner of its own. */
function comparable(line: string): string {
  const text = line.replace(/(?<=^0 HEALTHCHECK ).*$/s, '')
  return cleaned.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text)
}
