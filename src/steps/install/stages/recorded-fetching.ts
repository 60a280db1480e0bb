import type { Artifact } from '../../../model/lock.ts'
import { Problem } from '../../../model/problem.ts'
import type { Session } from '../../../proxy/session.ts'
import type { Recording } from '../locking.ts'
import type { Workshop } from '../workshop.ts'
import type { Fetching } from './fetching.ts'

/** Writes down what the steps of a Dockerfile fetch. */
export class RecordedFetching implements Fetching {
  readonly isRehearsal = true
  /** What is recorded stands for this recording alone. */
  readonly key = `${Date.now()} ${Math.random()}`
  readonly artifacts: Artifact[] = []
  readonly #workshop: Workshop
  readonly #asOf: Date | undefined
  #held: readonly Artifact[]
  #isAnnounced = false

  /** @param held What an earlier lock has and is to stay. */
  constructor(workshop: Workshop, { asOf }: Recording, held: readonly Artifact[]) {
    this.#workshop = workshop
    this.#asOf = asOf === undefined ? undefined : new Date(asOf)
    this.#held = held
  }

  sessionFor(): Session {
    this.#announce()
    return { mode: 'record', held: this.#held, ...(this.#asOf === undefined ? {} : { asOf: this.#asOf }) }
  }

  #announce(): void {
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    const message = 'carrying the Dockerfile out twice: first to write down what it fetches, then with nothing but that'
    this.#workshop.emit({ kind: 'notice', message })
  }

  took(artifacts: readonly Artifact[]): void {
    this.artifacts.push(...artifacts)
  }

  /** When a step cannot go on with what the earlier lock has, it and all that follow may have anything. */
  loosen(error: unknown, title: string): boolean {
    if (this.#held.length === 0 || !(error instanceof Problem) || error.code !== 'build-failed') return false
    this.#held = []
    const message = `${title}: what berth.lock has does not fit together with what changed; looking everything up`
    this.#workshop.emit({ kind: 'notice', message })
    return true
  }
}
