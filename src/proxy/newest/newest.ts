import type { Artifact } from '../../model/lock.ts'
import type { Asking, Document } from '../adapter.ts'

/** What registries have now, asked by berth itself. */

export interface Newest {
  readonly version: string
  /** Which Python it needs, as PEP 440 writes it. */
  readonly requiresPython?: string
}

export interface Looking {
  /** Asks a real server; any status is an answer. @throws Error when there is none */
  readonly ask: (url: URL, asking?: Asking) => Promise<Document>
  /** What was published later is not seen. */
  readonly asOf: Date | undefined
  /** Addresses of Python's indexes, which the address of a file does not tell. */
  readonly pythonIndexes: readonly URL[]
}

/** Asks the registry that an artifact came from for the newest version. @throws Error that says why it is not known */
export type FindNewest = (artifact: Artifact, looking: Looking) => Promise<Newest>

/** @throws Error for another answer than a document */
export function requireFound({ status, url }: Document): void {
  if (status !== 200) throw new Error(`${url.host} answered ${status}`)
}
