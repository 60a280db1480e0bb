import { parseDockerfile, type Dockerfile } from './dockerfile.ts'
import { globalVariables } from './global-variables.ts'
import { failOnNotes, note, type Note } from './notes.ts'
import { neededStages } from './needed-stages.ts'
import type { DockerfilePlan } from './plan-data.ts'
import { formatPlatform, parsePlatform } from './platform.ts'
import { readStages } from './stages.ts'
import { chooseTarget } from './target.ts'

/** What a plan is made from. */
export interface PlanRequest {
  readonly text: string
  /** As the operator knows it; faults name it. */
  readonly path: string
  /** `--build-arg` */
  readonly buildArgs?: Readonly<Record<string, string>>
  /** A stage by name or number; the last one without it. */
  readonly target?: string
  /** Of the image that is made: `linux/amd64`. */
  readonly platform: string
  /** Of the host that builds; the same when it is not given. */
  readonly buildPlatform?: string
}

/**
 * Plans the build of a Dockerfile.
 * @throws Problem of `src/model/problems/dockerfile.ts`
 */
export function planDockerfile(request: PlanRequest): DockerfilePlan {
  const file = parseDockerfile({ path: request.path, text: request.text })
  const { buildArgs = {}, target: targetName } = request
  const own = { os: 'linux', architecture: 'amd64', variant: '' }
  const platform = parsePlatform(request.platform, own)
  const buildPlatform = parsePlatform(request.buildPlatform ?? request.platform, own)
  const stageName = targetName ?? file.stages.at(-1)?.from.name ?? 'default'
  const globals = globalVariables(file, { platform, buildPlatform, buildArgs, target: stageName })
  const { stages, notes } = readStages(file, globals, platform)
  const target = chooseTarget(file, stages, targetName)
  const plan = {
    ...{ file, buildArgs, globals, platform: formatPlatform(platform), stages, target },
    notes: [...file.notes, ...notes, ...unusedArguments(file, buildArgs, globals)],
  }
  failOnNotes(file.source, plan.notes, file.checks)
  return { ...plan, needed: neededStages(plan) }
}

/** Names of proxies in build arguments need no `ARG`; they are for the network of the build, which is berth's own. */
export function isProxyVariable(name: string): boolean {
  return /^(https?|ftp|no|all)_proxy$/i.test(name)
}

function unusedArguments(
  file: Dockerfile,
  buildArgs: Readonly<Record<string, string>>,
  globals: Readonly<Record<string, string>>,
): Note[] {
  const instructions = [...file.globals, ...file.stages.flatMap((stage) => stage.instructions)]
  const declared = new Set(
    instructions.flatMap((one) => (one.kind === 'arg' ? one.declarations.map(({ name }) => name.text) : [])),
  )
  return Object.keys(buildArgs)
    .filter((name) => !declared.has(name) && !Object.hasOwn(globals, name) && !isProxyVariable(name))
    .map((name) => note('UnusedBuildArgument', 1, `No \`ARG ${name}\` takes the build argument ${name}`))
}
