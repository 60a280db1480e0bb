import { z } from 'zod'

/** What `berth isolation learn` finds. */
export const LearnRequest = z.strictObject({
  /** How long the trial takes, from the first answer of the health check on. */
  seconds: z.int().min(1).max(86_400).default(60),
})
export type LearnRequest = z.infer<typeof LearnRequest>

export const Learned = z.strictObject({
  app: z.string(),
  release: z.string(),
  seconds: z.number(),
  /** System calls that it used, sorted. */
  syscalls: z.array(z.string()),
  /** How many it may use now. */
  allowedNow: z.int(),
  /** Declared items of `egress` that the trial used, and those that it did not. */
  used: z.array(z.string()),
  unused: z.array(z.string()),
})
export type Learned = z.infer<typeof Learned>
