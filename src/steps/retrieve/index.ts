import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { readUntrusted } from '../../host/files.ts'
import type { DeployRequest } from '../../model/api.ts'
import { parseManifest } from '../../model/parse-manifest.ts'
import { parseLock } from '../../model/lock-file.ts'
import type { Lock } from '../../model/lock.ts'
import type { Manifest } from '../../model/manifest.ts'
import { appNamePattern, type Digest } from '../../model/names.ts'
import { appNameMissing } from '../../model/problems/manifest.ts'
import { sourceEmpty } from '../../model/problems/retrieve.ts'
import { withoutUserinfo } from '../../model/secret.ts'
import { unpackTree } from './unpack.ts'

export interface Retrieved {
  readonly app: string
  readonly manifest: Manifest
  /** The text of the manifest when it did not come with the tree. */
  readonly manifestText: string | undefined
  /** The lock beside the manifest, or in the tree. */
  readonly lock: Lock | undefined
  /** What others have signed of the image, as it came. */
  readonly attestations: readonly string[]
  readonly treeDigest: Digest
  readonly origin: string
  readonly files: number
  readonly bytes: number
}

/**
 * The retrieve step on the daemon's side: unpacks what the client sent into `folder` and reads its manifest.
 * @throws the problems of unpacking, of the manifest, sourceEmpty, appNameMissing
 */
export async function retrieve(
  request: DeployRequest,
  archive: Readable,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<Retrieved> {
  const origin = withoutUserinfo(request.origin)
  const tree = await unpackTree(archive, folder, signal)
  if (tree.files === 0) throw sourceEmpty({ origin })
  const text = request.manifest ?? (await readUntrusted(join(folder, 'berth.toml'))) ?? ''
  const manifest = parseManifest(text, request.manifestPath)
  const lock = request.lock ?? tree.beside.lock
  return {
    app: nameOf(manifest, request),
    manifest,
    manifestText: request.manifest,
    lock: lock === undefined ? undefined : parseLock(lock, request.lockPath),
    attestations: [...tree.beside.attestations, ...(request.attestations ?? [])],
    treeDigest: tree.digest,
    origin,
    files: tree.files,
    bytes: tree.bytes,
  }
}

function nameOf(manifest: Manifest, request: DeployRequest): string {
  if (manifest.name !== undefined) return manifest.name
  const name = request.fallbackName.toLowerCase().replaceAll(/[_.\s]+/g, '-')
  if (!appNamePattern.test(name)) throw appNameMissing({ file: request.manifestPath, from: request.fallbackName })
  return name
}
