import { hashFile } from '../../../host/hashing-file.ts'
import type { Artifact } from '../../../model/lock.ts'
import { downloadFailed } from '../../../model/problems/install.ts'
import { checksumWrong } from '../../../model/problems/dockerfile-build.ts'
import type { Session } from '../../../proxy/session.ts'
import type { UrlSource } from '../dockerfile/index.ts'
import type { LayerWork } from '../layer-work.ts'

/**
 * Fetches what an `ADD` names, by the same rules as what a build asks for itself.
 * @throws downloadFailed, checksumWrong
 */
export async function fetchUrl(
  { workshop }: LayerWork,
  { url, checksum }: UrlSource,
  session: Session,
): Promise<{ path: string; artifacts: readonly Artifact[] }> {
  const { blobs, cache } = workshop.store
  const [{ adapters }, { askOnce }] = await Promise.all([
    import('../../../proxy/adapters/index.ts'),
    import('../../../proxy/ask-once.ts'),
  ])
  const asked = await askOnce(new URL(url), {
    session,
    adapters,
    blobs,
    cacheDirectory: cache.workDirectory('registries'),
    onFetch: () => undefined,
    onNotice: (message) => workshop.emit({ kind: 'notice', message }),
  })
  if (asked.failure) throw asked.failure
  if (asked.blob === undefined) throw downloadFailed({ url, reason: asked.reason })
  const path = blobs.path(asked.blob)
  if (checksum !== undefined) {
    const found = `sha256:${await hashFile(path)}`
    if (found !== checksum) throw checksumWrong({ url, expected: checksum, found })
  }
  return { path, artifacts: asked.artifacts }
}
