import type { Refusal } from '../../model/refusal.ts'

/** Of one application, the latest. */
const mostEach = 50

/** Something refused, as it was found now. */
export type FoundRefusal = Omit<Refusal, 'count' | 'lastAt'> & {
  /** What the kernel or the relay has counted so far; it begins anew after a while. */
  readonly seen: number
}

interface Known {
  readonly refusal: Refusal
  readonly seen: number
}

/** What applications tried in vain, as long as this daemon runs. */
export class Refusals {
  readonly #byApp = new Map<string, Map<string, Known>>()

  /** Of one application, the latest last. */
  of(app: string): Refusal[] {
    return [...(this.#byApp.get(app)?.values() ?? [])].map(({ refusal }) => refusal)
  }

  forget(app: string): void {
    this.#byApp.delete(app)
  }

  /** Gives it when this is the first of its kind. */
  note(app: string, { seen, ...found }: FoundRefusal, now: Date): Refusal | undefined {
    const known = this.#byApp.get(app) ?? new Map<string, Known>()
    this.#byApp.set(app, known)
    const before = known.get(found.what)
    if (before?.seen === seen) return undefined
    const since = before && seen > before.seen ? seen - before.seen : seen
    const refusal = { ...found, count: (before?.refusal.count ?? 0) + since, lastAt: now.toISOString() }
    known.delete(found.what)
    known.set(found.what, { refusal, seen })
    const [oldest] = known.keys()
    if (known.size > mostEach && oldest !== undefined) known.delete(oldest)
    return before ? undefined : refusal
  }
}
