import type { Exit } from '../model/sandbox.ts'

/** Passes on how sandboxes end: to whoever waits for one, else to the supervisor. */
export class Endings {
  readonly #waiting = new Map<string, (exit: Exit) => void>()
  readonly #unclaimed: (id: string, exit: Exit) => void

  constructor(unclaimed: (id: string, exit: Exit) => void) {
    this.#unclaimed = unclaimed
  }

  /** Resolves when the sandbox ends by itself. Until `forget`, its end is nobody else's business. */
  of(id: string): Promise<Exit> {
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  forget(id: string): void {
    this.#waiting.delete(id)
  }

  report(id: string, exit: Exit): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (waiting) waiting(exit)
    else this.#unclaimed(id, exit)
  }
}
