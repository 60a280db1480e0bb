import { z } from 'zod'
import { auditGroups } from './audit-groups.ts'

/** What `berth audit` attacks, and what came of it. */

export const AuditCell = z.strictObject({
  /**
   * `blocked`: tried, and nothing came of it. `leaked`: with evidence. `not-run`: there was no way to try, or trying
   * would endanger the host. `unclear`: the application or the scene failed, so nothing can be said.
   */
  verdict: z.enum(['blocked', 'leaked', 'not-run', 'unclear']),
  /** What was seen, in words; at most a line. */
  evidence: z.string(),
  seconds: z.number(),
})
export type AuditCell = z.infer<typeof AuditCell>
export type AuditVerdict = AuditCell['verdict']

export const AuditAttack = z.strictObject({
  /** Stable, such as `H01`. */
  id: z.string(),
  /** Stable, such as `rm-host-tree`. */
  name: z.string(),
  /** What the thief does. */
  title: z.string(),
  group: z.enum(auditGroups),
  /** What has to be seen for it to count. */
  leaksWhen: z.string(),
  /** Whether a leak of it gives away nothing that reaches the host or another application. */
  isMinor: z.boolean(),
})
export type AuditAttack = z.infer<typeof AuditAttack>

export const AuditColumn = z.strictObject({
  name: z.string(),
  /** `control`: no level at all; `comparison`: what others give by default; `level`: a level of berth's. */
  kind: z.enum(['control', 'comparison', 'level']),
  /** Why it was not attacked; empty when it was. */
  missing: z.array(z.string()),
  /** Seconds of the whole column. */
  seconds: z.number(),
})
export type AuditColumn = z.infer<typeof AuditColumn>

/** A vulnerability of a program that levels stand on. */
export const RuntimeAdvisory = z.strictObject({
  cve: z.string(),
  title: z.string(),
  /** `unknown`: a distribution may have mended a version that upstream has not. */
  state: z.enum(['fixed', 'open', 'unknown']),
  fixedIn: z.string(),
})
export type RuntimeAdvisory = z.infer<typeof RuntimeAdvisory>

/** What the kernel says of every thread of a sandbox, held against what was asked for. */
export const PostureReport = z.strictObject({
  column: z.string(),
  processes: z.int(),
  threads: z.int(),
  /** What is not as it was asked for. */
  drift: z.array(z.string()),
  /** Fields that this kernel does not report. */
  unreported: z.array(z.string()),
})
export type PostureReport = z.infer<typeof PostureReport>

/** What is kept of the audit of a release. */
export const AuditSummary = z.strictObject({
  /** RFC 3339, UTC. */
  at: z.string(),
  level: z.string(),
  /** How many attacks were played, and how many of them work on this host at all. */
  played: z.int(),
  live: z.int(),
  leaks: z.array(z.strictObject({ id: z.string(), title: z.string(), evidence: z.string(), isMinor: z.boolean() })),
  /** Attacks of which nothing can be said. */
  unclear: z.array(z.string()),
})
export type AuditSummary = z.infer<typeof AuditSummary>

export const AuditReport = z.strictObject({
  /** RFC 3339, UTC. */
  startedAt: z.string(),
  seconds: z.number(),
  /** Such as `Linux 6.1.0-18-amd64 x86_64`. */
  kernel: z.string(),
  /** The application and release that a copy was attacked of; absent for the whole battery. */
  app: z.string().optional(),
  release: z.string().optional(),
  columns: z.array(AuditColumn),
  attacks: z.array(AuditAttack),
  /** By the attack's id, then by the column's name. */
  cells: z.record(z.string(), z.record(z.string(), AuditCell)),
  /** Of the container runtime, with its version. */
  runtime: z.string(),
  advisories: z.array(RuntimeAdvisory),
  posture: z.array(PostureReport),
})
export type AuditReport = z.infer<typeof AuditReport>

export const AuditRequest = z.strictObject({
  /** Names of columns; absent: every one that this host can give. */
  columns: z.array(z.string()).optional(),
  /** Ids of attacks; absent: all. */
  attacks: z.array(z.string()).optional(),
})
export type AuditRequest = z.infer<typeof AuditRequest>
