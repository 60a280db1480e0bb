import type { PostAnswer } from '../../../host/post.ts'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import type { Limits } from '../../../model/release.ts'

/** An application of the scene, as a column is to start it. */
export interface SceneApp {
  readonly role: 'attacked' | 'neighbour'
  readonly number: number
  /** Lowest first. */
  readonly layers: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly argv: readonly string[]
  readonly workdir: string
  readonly port: number
  /** Of an operator's release that is attacked in a copy: what it may use and reach. */
  readonly copied?: {
    readonly limits: Limits
    readonly egress: readonly string[]
    /** Where it sees its volumes. */
    readonly volumes: readonly string[]
  }
}

/** An application that runs. */
export interface RunningApp {
  /** Where it is asked from the host. */
  readonly address: string
  readonly port: number
  /** Its first process, as the stage sees it. */
  readonly pid: number
  /** The host, as it would see it; empty where it sees the host itself. */
  readonly gateway: string
  /** Where its files and its data are, seen by itself. */
  readonly code: string
  readonly volume: string
  /** Where its data is on the host. */
  readonly volumeOnHost: string
  readonly log?: string
  /** For what was started by the ladder: what was asked for. */
  readonly spec?: SandboxSpec
}

/** One way to run an application; the battery is played once for each. */
export interface Column {
  readonly name: string
  readonly kind: 'control' | 'comparison' | 'level'
  /** Whether system calls are answered by a kernel of the sandbox's own. */
  readonly hasOwnKernel: boolean
  /** Why this host cannot give it, each with its fix. */
  missing(): Promise<readonly string[]>
  /** Once, before anything is started. */
  prepare(): Promise<void>
  start(app: SceneApp): Promise<RunningApp>
  stop(app: SceneApp): Promise<void>
  /** Takes away what an application has changed of itself and what outlives a restart. It is stopped. */
  renew(app: SceneApp): Promise<void>
  /** Runs a command in a running application, with its walls: for those that have no hole to come in by. */
  exec?(app: SceneApp, argv: readonly string[], seconds: number): Promise<PostAnswer>
  isRunning?(app: SceneApp): Promise<boolean>
}
