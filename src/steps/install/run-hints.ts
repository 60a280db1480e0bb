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

/** @param directories Where the manifest has volumes. */
export function runHints(config: ImageConfig, directories: readonly string[]): RunHint[] {
  return [...volumeHints(config, directories), ...signalHints(config), ...healthHints(config), ...userHints(config)]
}

/** What the instructions of a plan come to; what images bring along shows when they are there. */
export function plannedRunHints({ dockerfile, directories }: DockerfileInstall): RunHint[] {
  try {
    return runHints(evaluated(dockerfile, dockerfile.target).config, directories)
  } catch (error) {
    // A variable may be one that only the image has.
    if (error instanceof Problem) return []
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

function healthHints({ Healthcheck }: ImageConfig): RunHint[] {
  if (!Healthcheck || Healthcheck.Test[0] === 'NONE') return []
  return [{ message: 'HEALTHCHECK is not run: berth asks from outside, at `health` under `[start]`', matters: false }]
}

function userHints({ User = '' }: ImageConfig): RunHint[] {
  if (User === '') return []
  return [{ message: `USER ${User} is for the build: berth gives the application a user of its own`, matters: false }]
}
