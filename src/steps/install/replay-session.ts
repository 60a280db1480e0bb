import { digestOf, type Artifact } from '../../model/lock.ts'
import type { Session } from '../../proxy/session.ts'
import { fetchBlob } from './fetch.ts'
import type { Workshop } from './workshop.ts'

/** A session that serves what a lock has, out of the store or fetched again. */
export function replaySession(workshop: Workshop, artifacts: readonly Artifact[]): Session {
  const { blobs } = workshop.store
  const provide = async (artifact: Artifact) => {
    await fetchBlob(workshop, artifact, () => undefined)
    return blobs.path(digestOf(artifact))
  }
  return { mode: 'replay', artifacts, provide }
}
