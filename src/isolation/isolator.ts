import type { Drift } from '../model/proof.ts'
import type { LevelName, LimitKey } from '../model/levels.ts'
import type { Limits } from '../model/release.ts'
import type { Exit, Found, SandboxSpec } from '../model/sandbox.ts'

/** What holds a kernel of an application's own, and the programs that serve it. */
export interface OuterWalls {
  /** Whether none of them has an id of the host's own. */
  readonly ownIds: boolean
  /** Those that any of them may have, as the kernel writes them in `CapBnd` (proc(5)). */
  readonly capabilities: bigint
  /** Whether the program of that command line should have a filter for system calls. */
  isFiltered(command: string): boolean
  readonly limits: Pick<Limits, 'memoryBytes' | 'cpus' | 'pids'>
}

/** Starts and ends sandboxes of all levels. Each level passes `tests/contract/isolator.ts`. */
export interface Isolator {
  /** Why a level cannot be given on this host, each with its fix; empty when it can. */
  missing(level: LevelName): Promise<readonly string[]>

  /** Gets what a level needs and no package of the host gives, where its programs are here. */
  provide(level: LevelName, signal: AbortSignal): Promise<void>

  /** What a level lacks on this host although it can be given; operators are told. Usually empty. */
  weaknesses(level: LevelName): Promise<readonly string[]>

  /** Limits that no level can hold an application to on this host: an ordinary user may make no control groups. */
  cannotGive(): Promise<readonly LimitKey[]>

  /** Whether applications get user namespaces of their own on this host, at levels that have them. */
  givesUserNamespaces(): Promise<boolean>

  /**
   * Starts a sandbox that survives this process. Returns when its first process has been started.
   * On failure nothing of it is left behind.
   */
  start(spec: SandboxSpec, hooks?: StartHooks): Promise<{ readonly pid: number }>

  /**
   * For a level with a kernel of its own: the walls around that kernel, which is all of a sandbox that the host sees.
   * Undefined for the others, whose application the host sees itself.
   */
  outerWalls(spec: Pick<SandboxSpec, 'level' | 'limits'>): Promise<OuterWalls | undefined>

  /** How many system calls the level `container` allows. */
  readonly allowedCalls: number

  /**
   * Runs a one-off command to its end in a sandbox of its own: the same walls, no monitor. The command begins when its
   * network is connected; without a link it has none but loopback.
   * Removes the sandbox afterwards, also when `signal` aborts it; the exit is then that of the kill.
   * @throws sandboxNotStarted
   */
  run(spec: SandboxSpec, io: CommandIo, signal: AbortSignal): Promise<Exit>

  /** Runs a command inside a running sandbox, with the walls that its application has. */
  exec(id: string, argv: readonly string[], io: CommandIo, signal: AbortSignal): Promise<Exit>

  /** The signal that asks it to end, SIGKILL after `graceSeconds`; then removes every trace. Does nothing for an unknown id. */
  stop(id: string, graceSeconds: number): Promise<void>

  /** Every sandbox of this berth instance that has left a trace on this host: process, mount, namespace or file. */
  list(): Promise<readonly Found[]>

  /**
   * Holds a running sandbox against its specification.
   * @param topmost An empty directory that gets the files which the sandbox has on top of its layers.
   */
  examine(spec: SandboxSpec, running: { readonly pid: number; readonly topmost: string }): Promise<Examined>

  /** What levels have stored of images that are not among these. */
  garbage(kept: readonly KeptImage[]): Promise<readonly LevelGarbage[]>

  /** Calls back when a sandbox ends by itself. The returned function ends the watch. */
  watch(ended: (id: string, exit: Exit) => void): () => void
}

/** An image that sandboxes may be made of without a build. */
export interface KeptImage {
  readonly manifest: string
  /** As `SandboxSpec` has them. */
  readonly layers: readonly string[]
}

/** Something that a level has stored, and nobody needs. */
export interface LevelGarbage {
  readonly kind: 'docker-image' | 'machine-image'
  readonly name: string
  readonly bytes: number
  remove(): Promise<void>
}

export interface StartHooks {
  /** Called when the sandbox is there, and its application has not run yet. */
  beforeStart?(pid: number): Promise<void>
}

export interface Examined {
  /** What is not as the specification says. */
  readonly drift: readonly Drift[]
  /** Where this process sees the sandbox's root. */
  readonly root: string
  /** Whether that is the root without what is mounted over it. */
  readonly isBare: boolean
  /** What of it cannot be seen below a mount: paths without a leading slash. */
  readonly covered: ReadonlySet<string>
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** Where a command's input comes from and its output goes. */
export interface CommandIo {
  /** Undefined: the command reads end-of-file. */
  readonly stdin?: NodeJS.ReadableStream
  stdout(chunk: Buffer): void
  stderr(chunk: Buffer): void
  /** Size of the operator's terminal; undefined when there is none. With one, everything comes out by `stdout`. */
  readonly terminal?: TerminalSize
  /** With a terminal: tells of its changes of size. */
  onResize?(listener: (size: TerminalSize) => void): void
}
