import { z } from 'zod'
import { Limits } from '../../model/release.ts'
import type { AuditCell, PostureReport } from '../../model/audit.ts'

/** What the process inside the outer container is told on its standard input, and what it tells on its output. */

export const StageOrder = z.strictObject({
  column: z.string(),
  /** Where this host keeps the kernel of its virtual machines; seen at the same place. */
  kernel: z.string().optional(),
  /** Ids of the attacks, in order. */
  attacks: z.array(z.string()),
  /** The vulnerable application: unpacked layers, lowest first, and how it runs. */
  image: z.strictObject({
    layers: z.array(z.string()),
    argv: z.array(z.string()),
    workdir: z.string(),
    env: z.record(z.string(), z.string()),
    port: z.int(),
  }),
  /** A copy of an operator's release to attack in its place; the image above then only brings the tools. */
  release: z
    .strictObject({
      layers: z.array(z.string()),
      workdir: z.string(),
      env: z.record(z.string(), z.string()),
      port: z.int(),
      limits: Limits,
      egress: z.array(z.string()),
      /** Where it sees its volumes; those of the copy are empty. */
      volumes: z.array(z.string()),
    })
    .optional(),
})
export type StageOrder = z.infer<typeof StageOrder>

/** One line of the stage's output. */
export type StageLine =
  | { kind: 'column'; missing: readonly string[] }
  | { kind: 'cell'; attack: string; cell: AuditCell }
  | { kind: 'posture'; report: PostureReport }
  | { kind: 'notice'; message: string }
  | { kind: 'failed'; reason: string }
  | { kind: 'done' }
