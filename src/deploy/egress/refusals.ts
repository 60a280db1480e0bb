import { describeRefusal, type Refusal } from '../../model/refusal.ts'

/** Of one application, the latest. */
const mostEach = 50

/** Lines of the log that one application may cause in an hour: whoever tries names at random would fill it otherwise. */
const linesAnHour = 60

/** Something refused, as it was found now. */
export type FoundRefusal = Omit<Refusal, 'count' | 'lastAt'> & {
  /** Address of the sandbox. */
  readonly from: string
  /** What the kernel or the relay has counted so far; it begins anew after a while. */
  readonly seen: number
}

/** Addresses of ended commands that are remembered: what they tried is told of some time after it was refused. */
const mostAddresses = 64

interface Known {
  readonly refusal: Refusal
  /** By the sandboxes' addresses: each is counted for itself. */
  readonly seen: ReadonlyMap<string, number>
}

/** What applications tried in vain, as long as this daemon runs. */
export class Refusals {
  readonly #byApp = new Map<string, Map<string, Known>>()
  readonly #late = new Map<string, string>()
  readonly #lines = new Map<string, { readonly hour: number; readonly count: number }>()

  /** Of one application, the latest last. */
  of(app: string): Refusal[] {
    return [...(this.#byApp.get(app)?.values() ?? [])].map(({ refusal }) => refusal)
  }

  /** Who had an address lately. No other sandbox gets it before all others have been given (see `Sandboxes.add`). */
  rememberAddress(address: string, app: string): void {
    this.#late.delete(address)
    this.#late.set(address, app)
    const [oldest] = this.#late.keys()
    if (this.#late.size > mostAddresses && oldest !== undefined) this.#late.delete(oldest)
  }

  lateAddresses(): ReadonlyMap<string, string> {
    return this.#late
  }

  forget(app: string): void {
    for (const [address, name] of this.#late) if (name === app) this.#late.delete(address)
    this.#byApp.delete(app)
    this.#lines.delete(app)
  }

  /** What the log gets of a refusal that is new; nothing once there was too much of one application. */
  logLine(app: string, refusal: Refusal, now: Date): string | undefined {
    const hour = Math.floor(now.getTime() / 3_600_000)
    const before = this.#lines.get(app)
    const count = before?.hour === hour ? before.count + 1 : 1
    this.#lines.set(app, { hour, count })
    if (count < linesAnHour) return describeRefusal(app, refusal)
    if (count > linesAnHour) return undefined
    return `${app} tries much that it may not; \`berth status ${app}\` shows the latest`
  }

  /** Gives it when this is the first of its kind. */
  note(app: string, { seen, from, ...found }: FoundRefusal, now: Date): Refusal | undefined {
    const known = this.#byApp.get(app) ?? new Map<string, Known>()
    this.#byApp.set(app, known)
    const before = known.get(found.what)
    const seenBefore = before?.seen.get(from) ?? 0
    if (seenBefore === seen) return undefined
    const since = seen > seenBefore ? seen - seenBefore : seen
    const refusal = { ...found, count: (before?.refusal.count ?? 0) + since, lastAt: now.toISOString() }
    known.delete(found.what)
    const others = [...(before?.seen ?? [])].filter(([address]) => address !== from)
    known.set(found.what, { refusal, seen: new Map([...others.slice(-mostAddresses), [from, seen]]) })
    const [oldest] = known.keys()
    if (known.size > mostEach && oldest !== undefined) known.delete(oldest)
    return before ? undefined : refusal
  }
}
