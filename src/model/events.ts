import type { Learned } from './learned.ts'
import type { AuditReport, AuditVerdict } from './audit.ts'
import type { LockChange } from './lock-changes.ts'
import type { Digest, StepName } from './names.ts'
import type { BuildDifference, Reproduction } from './proof.ts'
import type { OutdatedPackage, UnknownPackage } from './supply-chain.ts'

/** What work says while it goes on. Terminal, `--json` and journal are renderers of this one stream. */
export type Event =
  | { kind: 'deploy-started'; app: string; deployment: number }
  | { kind: 'step-started'; step: StepName }
  | { kind: 'progress'; step: StepName; what: string; done: number; total?: number; unit: ProgressUnit }
  | { kind: 'layer'; title: string; digest: Digest; bytes: number; reused: boolean }
  | { kind: 'output'; source: string; stream: 'stdout' | 'stderr'; text: string }
  | { kind: 'notice'; message: string }
  | { kind: 'step-finished'; step: StepName; seconds: number; reused: boolean; summary: string }
  /** A lock was made; the client writes it beside the manifest. */
  | { kind: 'locked'; app: string; text: string; changes: LockChange[]; artifacts: number }
  | { kind: 'outdated'; asked: number; packages: OutdatedPackage[]; unknown: UnknownPackage[] }
  /** Something came out differently when an image was built again. */
  | ({ kind: 'difference' } & BuildDifference)
  | ({ kind: 'reproduced' } & Reproduction)
  /** What one attack came to at one level. */
  | { kind: 'attack'; column: string; attack: string; verdict: AuditVerdict; evidence: string }
  /** One level is done: how many attacks leaked, or why this host cannot give it. */
  | { kind: 'audit-column'; name: string; missing: string[]; leaks: number; seconds: number }
  | { kind: 'audited'; report: AuditReport }
  | { kind: 'learned'; learned: Learned }
  /** The bundle of a release can be fetched; the client writes it. */
  | { kind: 'bundled'; app: string; release: string; digest: Digest; bytes: number; seconds: number }
  | { kind: 'built'; app: string; digest: Digest; seconds: number }
  | { kind: 'deployed'; app: string; release: string; digest: Digest; url: string; seconds: number; changed: boolean }
  | { kind: 'done'; app: string; action: string; message: string }
  | ProblemEvent

export type ProgressUnit = 'bytes' | 'files' | 'packages' | 'seconds' | 'steps'

/** The last event of work that failed. */
export interface ProblemEvent {
  kind: 'problem'
  code: string
  message: string
  fix: string
  at?: string
  lines?: readonly string[]
  /** Whether the same command may succeed later with nothing changed; the exit code is then 75. */
  temporary: boolean
}

export type Emit = (event: Event) => void
