import type { Artifact } from '../../model/lock.ts'
import type { Recorder } from '../adapter.ts'

/** Writes down what an artifact is called besides, also one that was taken before the names were known. */
export function addTags(recorder: Recorder, artifact: Artifact, tags: Iterable<string>): void {
  const isSame = ({ url, version }: Artifact) => url === artifact.url && version === artifact.version
  const current = recorder.artifacts.find(isSame) ?? artifact
  const known = current.tags ?? []
  const all = [...new Set([...known, ...tags])].sort()
  if (all.length > known.length) recorder.add({ ...current, tags: all })
}
