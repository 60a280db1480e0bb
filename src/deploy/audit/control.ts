import { z } from 'zod'
import { kernelName } from '../../audit/index.ts'
import { AuditCell, type AuditReport } from '../../model/audit.ts'
import { version } from '../../model/version.ts'
import type { Berth } from '../berth.ts'

/**
 * What the control came to is a matter of kernel and host, not of an application: it is kept, so that the audit of an
 * application takes half the time. Milliseconds.
 */
const keptFor = 7 * 24 * 60 * 60 * 1000

const Kept = z.strictObject({
  kernel: z.string(),
  version: z.string(),
  at: z.string(),
  cells: z.record(z.string(), AuditCell),
})

const fact = 'audit-control'

export function keepControl({ state }: Berth, { kernel, startedAt: at, cells }: AuditReport): void {
  const own = Object.entries(cells).flatMap(([id, columns]): [string, AuditCell][] =>
    columns['none'] ? [[id, columns['none']]] : [],
  )
  state.setFact(fact, JSON.stringify({ kernel, version, at, cells: Object.fromEntries(own) }))
}

/** Undefined when it was never played, on another kernel, too long ago, or without one of these attacks. */
export function keptControl({ state }: Berth, ids: readonly string[]): ReadonlyMap<string, AuditCell> | undefined {
  const text = state.fact(fact)
  const parsed = text === undefined ? undefined : Kept.safeParse(JSON.parse(text))
  if (!parsed?.success) return undefined
  const { kernel, version: by, at, cells } = parsed.data
  const isFresh = kernel === kernelName() && by === version && Date.now() - Date.parse(at) < keptFor
  return isFresh && ids.every((id) => id in cells) ? new Map(Object.entries(cells)) : undefined
}
