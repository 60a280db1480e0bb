import type { Exit } from '../model/sandbox.ts'

interface Awaited {
  readonly resolve: (exit: Exit) => void
  exit?: Exit
}

/** Passes on how sandboxes end: to whoever waits for one, else to the supervisor. */
export class Endings {
  readonly #awaited = new Map<string, Awaited>()
  readonly #unclaimed: (id: string, exit: Exit) => void

  constructor(unclaimed: (id: string, exit: Exit) => void) {
    this.#unclaimed = unclaimed
  }

  /** Resolves when the sandbox ends by itself. Until `forget`, its end is nobody else's business. */
  of(id: string): Promise<Exit> {
    return new Promise((resolve) => this.#awaited.set(id, { resolve }))
  }

  /** How a sandbox that is waited for has ended; undefined while it has not. */
  known(id: string): Exit | undefined {
    return this.#awaited.get(id)?.exit
  }

  /** An end that came while it was waited for, and that is told only once, becomes the supervisor's business. */
  forget(id: string): void {
    const exit = this.known(id)
    this.#awaited.delete(id)
    if (exit) this.#unclaimed(id, exit)
  }

  report(id: string, exit: Exit): void {
    const awaited = this.#awaited.get(id)
    if (!awaited) {
      this.#unclaimed(id, exit)
      return
    }
    awaited.exit = exit
    awaited.resolve(exit)
  }
}
