import type { Artifact } from '../../../model/lock.ts'
import type { Session } from '../../../proxy/session.ts'

/** How the commands of a Dockerfile get at what they fetch. */
export interface Fetching {
  sessionFor(): Session
  /** Part of the key of a layer whose command may fetch something. */
  readonly key: unknown
  took(artifacts: readonly Artifact[]): void
  /** Whether a step that failed is worth another attempt, because it may now be given more. */
  loosen?(error: unknown, title: string): boolean
  /** What is made serves to find out what is fetched, and nothing else. */
  readonly isRehearsal: boolean
}
