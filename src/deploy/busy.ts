import { appIsBusy } from '../model/problems/state.ts'

/** Sees to it that one thing at a time changes an application, and one at a time the front's table. */
export class Busy {
  readonly #apps = new Map<string, { action: string; since: string }>()
  #routing: Promise<unknown> = Promise.resolve()

  /** @throws appIsBusy at once: an operator should know, not wait behind somebody else's build */
  begin(app: string, action: string): Disposable {
    const current = this.#apps.get(app)
    if (current) throw appIsBusy({ app, ...current })
    this.#apps.set(app, { action, since: new Date().toISOString() })
    return { [Symbol.dispose]: () => this.#apps.delete(app) }
  }

  /** Runs changes of the front's table one after the other, each with what it commits to the state. */
  async routing<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#routing.then(work, work)
    this.#routing = turn.catch(() => undefined)
    return turn
  }
}
