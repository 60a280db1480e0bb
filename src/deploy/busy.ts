import { appIsBusy, storeIsBusy } from '../model/problems/state.ts'

/**
 * Sees to it that one thing at a time changes an application, one at a time the front's table, and that nothing is swept
 * out of the store while somebody works with it.
 */
export class Busy {
  readonly #apps = new Map<string, { action: string; since: string }>()
  #routing: Promise<unknown> = Promise.resolve()
  #storeUsers = 0
  #sweep: Promise<unknown> | undefined
  #tidying: Promise<unknown> | undefined

  /** Whether nobody changes anything, and nobody works with the store. */
  get isIdle(): boolean {
    return this.#apps.size === 0 && this.#storeUsers === 0 && !this.#sweep && !this.#tidying
  }

  /** @throws appIsBusy at once: an operator should know, not wait behind somebody else's build */
  begin(app: string, action: string): Disposable {
    const current = this.#apps.get(app)
    if (current) throw appIsBusy({ app, ...current })
    this.#apps.set(app, { action, since: new Date().toISOString() })
    return { [Symbol.dispose]: () => this.#apps.delete(app) }
  }

  /** Keeps everything in the store until it is disposed of; waits for a sweep to end. May be held several times. */
  async holdStore(): Promise<Disposable> {
    while (this.#sweep ?? this.#tidying) await (this.#sweep ?? this.#tidying)
    this.#storeUsers += 1
    return { [Symbol.dispose]: () => void (this.#storeUsers -= 1) }
  }

  /** @throws storeIsBusy at once, when somebody holds the store or sweeps it already */
  async sweepStore<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#tidying) await this.#tidying
    if (this.#storeUsers > 0 || this.#sweep) throw storeIsBusy({})
    const sweep = work()
    this.#sweep = sweep.catch(() => undefined)
    try {
      return await sweep
    } finally {
      this.#sweep = undefined
    }
  }

  /**
   * Does something short to the store, alone, that others only wait for.
   * @returns false when somebody works with the store, so that nothing was done
   */
  async tidyStore(work: () => Promise<void>): Promise<boolean> {
    if (this.#storeUsers > 0 || this.#sweep || this.#tidying) return false
    const tidying = work()
    this.#tidying = tidying.catch(() => undefined)
    try {
      await tidying
    } finally {
      this.#tidying = undefined
    }
    return true
  }

  /** Runs changes of the front's table one after the other, each with what it commits to the state. */
  async routing<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#routing.then(work, work)
    this.#routing = turn.catch(() => undefined)
    return turn
  }
}
