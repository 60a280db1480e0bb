import { z } from 'zod'
import type { LockChange } from './lock-changes.ts'
import { largestAttestation, mostAttestations } from './attestation-files.ts'
import { appNamePattern } from './names.ts'
import type { AuditSummary } from './audit.ts'
import type { Damage } from './proof.ts'
import type { Refusal } from './refusal.ts'

/**
 * What passes between client and daemon: HTTP/1.1 on a unix socket, version 1. Answers are JSON objects; work answers
 * with NDJSON, one `Event` a line, of which the last says how it ended; a refusal is a `ProblemEvent` with status 4xx.
 *
 * GET    /v1/daemon                     DaemonInfo
 * POST   /v1/deploy                     DeployRequest line + tar       → events (also to build and to lock)
 * POST   /v1/plan                       DeployRequest line + tar       → DeployPlan
 * POST   /v1/deploy-bundle              BundleDeployRequest line + bundle → events
 * POST   /v1/affected                   AffectedRequest                → AffectedReport
 * POST   /v1/diff                       DiffRequest                    → Difference
 * POST   /v1/outdated                   LockChoice                     → events
 * GET    /v1/apps                       AppSummary[]
 * GET    /v1/apps/:app                  AppStatus
 * DELETE /v1/apps/:app                  DestroyRequest                 → events
 * GET    /v1/apps/:app/releases         ReleaseSummary[]
 * GET    /v1/apps/:app/logs             ?follow=1&since=TIME&lines=N   → LogLine as NDJSON
 * GET    /v1/apps/:app/config           ConfigEntry[]
 * PATCH  /v1/apps/:app/config           ConfigChange                   → events
 * POST   /v1/apps/:app/rollback         RollbackRequest                → events
 * POST   /v1/apps/:app/restart|stop|start                              → events
 * POST   /v1/apps/:app/run|exec         CommandRequest; upgrades to `berth-command` (see command-stream.ts)
 * GET    /v1/apps/:app/sbom             DocumentQuestion               → CycloneDX or SPDX
 * GET    /v1/apps/:app/provenance       DocumentQuestion               → in-toto Statement
 * POST   /v1/key                        {}                             → { publicKey }
 * POST   /v1/apps/:app/bundle           BundleQuestion                 → events; makes sure that all of it is there
 * GET    /v1/apps/:app/bundle           ?release=N                     → the bundle
 * POST   /v1/gc                         GcRequest                      → GcReport
 * POST   /v1/scrub                                                     → ScrubReport (proof.ts)
 * GET    /v1/apps/:app/verify           Verification (proof.ts)
 * POST   /v1/apps/:app/reproduce        ReproduceRequest               → events
 * POST   /v1/audit                      AuditRequest (audit.ts)        → events
 * POST   /v1/apps/:app/audit            AuditRequest                   → events
 * POST   /v1/reproduce                  ?attest=1 DeployRequest line + tar → events
 */
export const apiVersion = 'v1'

export const AppParameter = z.string().regex(appNamePattern)

export const DaemonInfo = z.strictObject({ version: z.string(), pid: z.int(), home: z.string() })
export type DaemonInfo = z.infer<typeof DaemonInfo>

/** The first line of the body of `deploy` and `plan`; the rest of the body is the source tree as a tar archive. */
export const DeployRequest = z.strictObject({
  /** Name to use when the manifest has none: the folder's or repository's. */
  fallbackName: z.string(),
  /** Text of the operator's manifest; undefined when the one in the tree (or detection) decides. */
  manifest: z.string().optional(),
  /** How to name the manifest in messages, such as `examples/taslug/berth.toml`. */
  manifestPath: z.string(),
  /** Where the tree came from, for people: a folder, or a URL and a tag. */
  origin: z.string(),
  /** Settings to store before this deploy (`--set`). */
  set: z.record(z.string(), z.string()),
  /** How far to go: `lock` and `build` stop after the image. */
  goal: z.enum(['deploy', 'build', 'lock']),
  /** Text of the lock beside the operator's manifest; undefined when the one in the tree counts. */
  lock: z.string().optional(),
  /** How to name the lock in messages. */
  lockPath: z.string(),
  /** Signed statements that lie beside the operator's manifest, when that is not in the tree. */
  attestations: z.array(z.string().max(largestAttestation)).max(mostAttestations).optional(),
  /** Refuse to resolve anything (`--locked`). */
  locked: z.boolean(),
  /** What may move although it is locked: names, or everything. */
  update: z.union([z.literal('all'), z.array(z.string())]).optional(),
  /** Language packages published later are not seen. */
  asOf: z.iso.datetime().optional(),
})
export type DeployRequest = z.infer<typeof DeployRequest>

export const appStates = ['running', 'restarting', 'crash-loop', 'stopped'] as const
export type AppState = (typeof appStates)[number]

export interface AppSummary {
  app: string
  state: AppState
  /** Such as `v3`; absent while no release has ever served. */
  release?: string
  url: string
  level: string
  /** RFC 3339, UTC: since when the current sandbox runs. */
  since?: string
}

export interface AppStatus extends AppSummary {
  image?: string
  /** Why it is not running, when it is not: how its last sandbox ended, and its last lines. */
  trouble?: { exit: string; restarts: number; lines: string[] }
  sandbox?: { id: string; pid: number; address: string; memoryBytes?: number }
  limits?: { memory: number; cpus: number; pids: number }
  volumes: { name: string; path: string; source: string }[]
  domains: string[]
  /** What it may reach beyond its sandbox, and how fast: bits a second, each way. */
  reach: { egress: string[]; links: string[]; bandwidth: number }
  /** What it tried to reach beyond that while this daemon runs, the latest last. */
  refused: Refusal[]
  /** What the kernel says of its threads now, held against what its level stands for; absent where the host cannot see it. */
  posture?: { threads: number; drift: string[] }
  /** When all of it was last read and checked, and what was damaged. */
  checked?: { at: string; damage: Damage[] }
  /** What came of attacking a copy of the current release. */
  audited?: AuditSummary
  lastDeployment?: { number: number; state: string; startedAt: string; problem?: string }
}

export interface ReleaseSummary {
  release: string
  digest: string
  createdAt: string
  current: boolean
  source: string
  /** Whether its image is still in the store, so that it can serve again without a build. */
  kept: boolean
}

export interface LogLine {
  time: string
  release: string
  stream: 'stdout' | 'stderr'
  text: string
}

export interface ConfigEntry {
  name: string
  /** Absent for secrets, which are write-only, and for what is not set. */
  value?: string
  set: boolean
  secret: boolean
  required: boolean
  declared: boolean
  type: string
  description?: string
}

export const ConfigChange = z.strictObject({
  set: z.record(z.string(), z.string()).default({}),
  unset: z.array(z.string()).default([]),
})
export type ConfigChange = z.infer<typeof ConfigChange>

export const RollbackRequest = z.strictObject({ release: z.int().min(1).optional() })
export type RollbackRequest = z.infer<typeof RollbackRequest>

export const DestroyRequest = z.strictObject({ volumes: z.boolean() })
export type DestroyRequest = z.infer<typeof DestroyRequest>

export const CommandRequest = z.strictObject({
  argv: z.array(z.string()).min(1),
  terminal: z.strictObject({ columns: z.int().min(1), rows: z.int().min(1) }).optional(),
})
export type CommandRequest = z.infer<typeof CommandRequest>

export const GcRequest = z.strictObject({ dryRun: z.boolean() })
export type GcRequest = z.infer<typeof GcRequest>

export interface GcReport {
  dryRun: boolean
  bytes: number
  removed: {
    kind: 'layer' | 'blob' | 'image' | 'record' | 'log' | 'temporary' | 'docker-image' | 'machine-image'
    name: string
    bytes: number
  }[]
}

/** What a deploy would do, without doing it. */
export interface DeployPlan {
  app: string
  steps: {
    step: string
    /** One line each, for people. */
    actions: string[]
    /** Whether the step has anything to do. */
    changes: boolean
  }[]
  lock: PlannedLock
  /** Problems that would make the deploy refuse, such as missing settings. */
  refusals: { message: string; fix: string; lines?: readonly string[] }[]
}

/** Which lock a deploy would follow. */
export type PlannedLock =
  | {
      kind: 'follow'
      /** How to name it. */
      file: string
      packages: number
      /** Packages of the operating system and of the language, direct and transitive, that differ from the release's. */
      changes: readonly LockChange[]
      /** The release that serves, such as `v3`; absent when there is none, or its lock is no longer in the store. */
      against?: string
    }
  /** The deploy would lock first. */
  | { kind: 'none' }
