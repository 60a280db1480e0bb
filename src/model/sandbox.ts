import type { LevelName } from './levels.ts'
import type { Limits } from './release.ts'
import type { Secret } from './secret.ts'

/** Everything an isolator needs to start one sandbox: plain data, so that it can be shown and compared. */
export interface SandboxSpec {
  /** Unique on this host: the application's name and a counter, such as `taslug-7`. */
  readonly id: string
  readonly level: LevelName
  readonly hostname: string
  /** Unpacked layers, absolute paths, lowest first. Read-only for whatever runs. */
  readonly layers: readonly string[]
  /** The image that the layers are of, for levels whose program has a store of its own: its manifest, and where blobs lie. */
  readonly image?: { readonly blobs: string; readonly manifest: string }
  readonly argv: readonly string[]
  readonly workdir: string
  readonly env: Readonly<Record<string, string | Secret>>
  /** First of the 65,536 host ids that are this application's own; the application runs as `appUid` within them. */
  readonly idBase: number
  readonly volumes: readonly Volume[]
  readonly limits: Limits
  /** System calls that it may use, of those that its level allows; empty or missing: all of those. */
  readonly syscalls?: readonly string[]
  /** Where the application listens; the front reaches it at `address`:80 whatever this is. */
  readonly port: number
  /** The point-to-point pair of this sandbox; undefined for one-off commands that may reach nothing but their loopback. */
  readonly link?: Link
  /** What leads out of it by that link, and how wide it is; without this, nothing does, and it is not bounded. */
  readonly network?: Network
  /** What asks it to end, as `stopSignalName` has it; missing: SIGTERM. */
  readonly stopSignal?: string
  readonly logFile: string
}

export interface Network {
  /** Items of `[isolation] egress`. */
  readonly egress: readonly string[]
  /** Names of applications that it may reach. */
  readonly links: readonly string[]
  /** Bits a second, each way. */
  readonly bandwidth: number
  /** Address of the name server that it asks. */
  readonly nameServer: string
}

/** An IPv4 /31 (RFC 3021): the host's end and the sandbox's end. */
export interface Link {
  readonly hostAddress: string
  readonly sandboxAddress: string
}

/** What a sandbox may write and what outlives it. */
export interface Volume {
  /** Where it is on the host. */
  readonly source: string
  readonly target: string
  /** The file system of a fixed size that is mounted at `source`; without one that is a plain directory. */
  readonly image?: { readonly file: string; readonly bytes: number; readonly inodes: number }
}

/** The user id of every application, seen from inside its own user namespace. */
export const appUid = 10_001

/** How a sandbox came to its end. */
export type Exit =
  | { kind: 'code'; code: number; outOfMemory: boolean }
  | { kind: 'signal'; signal: number; outOfMemory: boolean }
  /** Its monitor is gone, so nobody saw how it ended. */
  | { kind: 'unknown' }

/** What an isolator finds of a sandbox on this host. */
export type Found =
  | { id: string; state: 'running'; pid: number; monitorPid: number }
  | { id: string; state: 'ended'; exit: Exit }
  /** Half-made or half-removed: to be removed. */
  | { id: string; state: 'debris' }

/** What an operator calls an exit: `exit code 1`, `SIGKILL, out of memory`. */
export function describeExit(exit: Exit): string {
  switch (exit.kind) {
    case 'code':
      return `exit code ${exit.code}` + (exit.outOfMemory ? ', out of memory' : '')
    case 'signal':
      return `signal ${signalNames[exit.signal] ?? exit.signal}` + (exit.outOfMemory ? ', out of memory' : '')
    case 'unknown':
      return 'unknown, its monitor was killed'
  }
}

const signalNames: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
  31: 'SIGSYS',
}
