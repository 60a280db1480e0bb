import type { Instance } from '../host/instance.ts'
import type { ProcessIdentity } from '../host/processes.ts'
import type { LevelName } from '../model/levels.ts'
import type { SandboxSpec } from '../model/sandbox.ts'
import type { Examined, KeptImage, LevelGarbage, OuterWalls, TerminalSize } from './isolator.ts'
import type { HostFacts } from './sandbox/facts.ts'
import type { Layout } from './sandbox/layout.ts'

/** A program and its arguments. */
export type CommandLine = readonly [string, ...string[]]

/** What a sandbox is made of, on this host. */
export interface Bundle {
  readonly instance: Instance
  readonly layout: Layout
  readonly spec: SandboxSpec
  readonly facts: HostFacts
  /** Of a one-off command whose operator sits at one. */
  readonly terminal?: TerminalSize | undefined
  /** Of a one-off command that begins only when its network is connected. */
  readonly waits?: boolean
}

/** A sandbox that runs, as far as a command needs to know that is to run in it. */
export interface Running {
  readonly layout: Layout
  readonly id: string
  /** Its first process, as the host sees it. */
  readonly init: ProcessIdentity
  readonly facts: HostFacts
}

/** A host command that runs something inside a sandbox, attached to whoever started it. */
export interface InsideCommand {
  readonly command: CommandLine
  /** Where the process id appears that has to be killed to end what runs inside. */
  readonly pidFile: string
  /** Files to be removed when it has ended; `pidFile` is one without being named. */
  readonly files: readonly string[]
}

/**
 * One rung of the isolation ladder: what stands between an application and its host. What all levels have in common
 * (the stacked layers, network, monitor, log, exit code, adoption by the next berth) is in `sandbox/`.
 */
export interface Level {
  readonly name: LevelName

  /** Why this host cannot give it, each with its fix; what every level needs is looked at elsewhere. */
  missing(facts: HostFacts, instance: Instance): Promise<readonly string[]>

  /**
   * Gets what no package of the host gives, where it is wanted: its programs are here.
   * @throws Problem when it is not to be had
   */
  provide?(instance: Instance, signal: AbortSignal): Promise<void>

  /** What it lacks on this host although it can be given. */
  weaknesses(facts: HostFacts, instance: Instance): readonly string[] | Promise<readonly string[]>

  /** The application's user and group, as it sees itself. */
  uidInside(spec: SandboxSpec, facts: HostFacts): number | Promise<number>

  /**
   * Writes what `runtime` reads into a bundle, while its layers are being mounted.
   * @param volumeDevices the block devices under its volumes, as `major:minor`
   */
  prepare(bundle: Bundle, volumeDevices: readonly string[]): Promise<void>

  /** Whether it takes the images of volumes itself, instead of finding them mounted at their sources. */
  readonly attachesVolumes?: true

  /**
   * The program that makes sandboxes, up to its verb. It speaks the command line of OCI runtimes as far as the monitor
   * and berth use it: `create --bundle B --pid-file F ID`, `start ID`, `run --keep …`, `delete --force ID`.
   */
  runtime(layout: Layout): CommandLine

  /** What `run` needs so that the control group of what has ended stays for berth to read; `--keep` unless said. */
  runOptions?(layout: Layout): readonly string[]

  /** Whether `run` reads `layout.config` and waits for the hooks in it; else it waits for `start` when its bundle says so. */
  readonly waitsInHook?: true

  /**
   * Where a program of the host makes the sandbox and stays beside it: waits for the sandbox's own process 1, which is
   * taken for its first process from there on, and itself waits for `start`. Commands of their own wait so, too.
   * @param supervisor that program's process, whose end the monitor notes
   * @throws Error in its words when it ends without having made a sandbox
   */
  firstProcess?(bundle: Bundle, supervisor: number): Promise<number>

  /** Between `create` and `start`: the namespaces are there, and the application has not run yet. */
  settle?(bundle: Bundle, pid: number): Promise<void>

  /**
   * The process in whose network the sandbox's link has to end.
   * @param pid the first process
   */
  networkProcess?(bundle: Bundle, pid: number): Promise<number>

  /**
   * Asks the application to end; the caller waits, and kills what is left. Without this, process 1 gets the signal.
   * @param signal its number
   */
  terminate?(running: Running, signal: number): Promise<void>

  /** What it takes to run a command inside, with the walls that the application has. */
  inside(running: Running, argv: readonly string[], terminal?: TerminalSize): Promise<InsideCommand>

  /** What it has stored of images for sandboxes to come, and is of no use to those that are kept. */
  garbage?(instance: Instance, kept: readonly KeptImage[]): Promise<readonly LevelGarbage[]>

  /** Removes traces that neither the runtime nor the control group take with them. */
  remove?(layout: Layout, id: string): Promise<void>

  /** Of a level with a kernel of its own; see `Isolator.outerWalls`. */
  outerWalls?(spec: Pick<SandboxSpec, 'limits'>, facts: HostFacts, instance: Instance): Promise<OuterWalls>

  /** Holds a running sandbox against its specification; see `Isolator.examine`. */
  examine(bundle: Bundle, running: { readonly pid: number; readonly topmost: string }): Promise<Examined>
}
