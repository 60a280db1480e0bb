import { Problem } from '../../model/problem.ts'
import { signalNumber, stopSignalName } from '../../model/stop-signal.ts'
import { evaluateStage, type DockerfilePlan, type EvaluatedStage, type ImageConfig } from './dockerfile/index.ts'
import type { DockerfileInstall } from './plan-dockerfile.ts'

/** What a Dockerfile says of how its image runs, and berth does otherwise. */
export interface RunHint {
  readonly message: string
  /** Whether the application may miss it; what is no more than good to know is told in a plan alone. */
  readonly matters: boolean
}

/** @param said what the manifest says */
export function runHints(config: ImageConfig, said: Pick<DockerfileInstall, 'directories' | 'asksHealth'>): RunHint[] {
  return [
    ...volumeHints(config, said.directories),
    ...signalHints(config),
    ...healthHints(config, said.asksHealth),
    ...userHints(config),
  ]
}

/** What of a configuration decides how an image runs, beside what it starts. */
export function runPart({ StopSignal, Healthcheck, Shell }: ImageConfig) {
  return {
    ...(StopSignal === undefined ? {} : { stopSignal: StopSignal }),
    ...(Healthcheck === undefined ? {} : { healthcheck: Healthcheck }),
    // Of no use at run time but to lines that are checks.
    ...(Healthcheck === undefined || Shell === undefined ? {} : { shell: Shell }),
  }
}

/** What the instructions of a plan come to; what images bring along shows when they are there. */
export function plannedRunHints(plan: DockerfileInstall): RunHint[] {
  const config = plannedConfig(plan)
  return config ? runHints(config, plan) : []
}

/** The configuration as far as the Dockerfile alone decides it; undefined when a variable is one that only the image has. */
export function plannedConfig({ dockerfile }: DockerfileInstall): ImageConfig | undefined {
  try {
    return evaluated(dockerfile, dockerfile.target).config
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

function evaluated(plan: DockerfilePlan, index: number): EvaluatedStage {
  const base = plan.stages[index]?.base ?? { kind: 'scratch' }
  if (base.kind === 'stage') return evaluateStage(plan, index, { kind: 'stage', stage: evaluated(plan, base.index) })
  return evaluateStage(plan, index, base.kind === 'image' ? { kind: 'image', config: {} } : { kind: 'scratch' })
}

function volumeHints({ Volumes = {} }: ImageConfig, directories: readonly string[]): RunHint[] {
  const inside = (path: string) => directories.some((directory) => `${path}/`.startsWith(`${directory}/`))
  const paths = Object.keys(Volumes).map((path) => `/${path.replace(/^\/+|\/+$/g, '')}`)
  return [...new Set(paths)].sort().flatMap((path) => {
    if (inside(path)) return []
    const name = /[a-z][a-z0-9-]*$/.exec(path.toLowerCase())?.[0].slice(0, 31) ?? 'data'
    const message = `VOLUME ${path} alone lets nothing be written there; declare \`${name} = { path = "${path}" }\` under \`[isolation.volumes]\``
    return [{ message, matters: true }]
  })
}

function signalHints({ StopSignal }: ImageConfig): RunHint[] {
  if (StopSignal === undefined || stopSignalName(StopSignal) !== undefined) return []
  const why =
    signalNumber(StopSignal) === undefined ? 'there is no such signal' : 'no program could end in order at that'
  return [{ message: `STOPSIGNAL ${StopSignal} is not sent, but SIGTERM: ${why}`, matters: true }]
}

function healthHints({ Healthcheck }: ImageConfig, asksHealth: boolean): RunHint[] {
  if (!Healthcheck || !asksHealth) return []
  return [{ message: 'HEALTHCHECK is not run: `health` under `[start]` is asked for instead', matters: false }]
}

function userHints({ User = '' }: ImageConfig): RunHint[] {
  if (User === '') return []
  const message =
    `USER ${User} is for the build: berth gives the application a user of its own. What only ${User} may read, it cannot ` +
    'read (`chmod o+rX`); where it writes, it needs a volume: `data = { path = "…" }` under `[isolation.volumes]`'
  return [{ message, matters: false }]
}
