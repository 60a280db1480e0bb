import { createHash } from 'node:crypto'
import { download } from '../../host/download.ts'
import type { HashingFile } from '../../host/hashing-file.ts'
import type { Digest } from '../../model/names.ts'
import { downloadFailed, hashMismatch } from '../../model/problems/install.ts'
import { withoutUserinfo } from '../../model/secret.ts'
import type { FetchPlace } from './fetch-place.ts'
import type { Workshop } from './workshop.ts'
import { fetchFromAny } from './fetch-snapshots.ts'

/**
 * Fetches a file into the store and checks its SHA-256. One that is there already is checked as well, and only fetched
 * again when the disk has damaged it. What an archive of Debian has no more may be had from a mirror of snapshots.
 * @throws downloadFailed, hashMismatch
 */
export async function fetchBlob(
  workshop: FetchPlace,
  file: { readonly url: string; readonly sha256: string },
  onBytes: (bytes: number) => void,
): Promise<void> {
  const expected: Digest = `sha256:${file.sha256}`
  if (await isInStore(workshop, file)) return
  await fetchFromAny(workshop, file.url, async (url) => {
    const fill = (output: HashingFile) =>
      pour(workshop, url, (chunk) => {
        onBytes(chunk.length)
        return output.write(chunk)
      })
    await workshop.store.blobs.add(fill, (found) => {
      if (found !== expected) throw hashMismatch({ url: withoutUserinfo(url), expected, found })
    })
  })
}

/** Whether a file is in the store, whole. What is damaged is removed, and the operator told. */
export async function isInStore(
  { store: { blobs }, emit }: FetchPlace,
  { url, sha256 }: { readonly url: string; readonly sha256: string },
): Promise<boolean> {
  const digest: Digest = `sha256:${sha256}`
  if (!(await blobs.has(digest))) return false
  if (await blobs.isIntact(digest)) return true
  await blobs.remove(digest)
  const message = `${blobs.path(digest)} was damaged; fetching ${withoutUserinfo(url)} again`
  emit({ kind: 'notice', message })
  return false
}

/**
 * Fetches a file into the store and checks it against a subresource integrity, as npm's registry gives it (W3C SRI).
 * @throws downloadFailed, hashMismatch
 */
export async function fetchWithIntegrity(
  workshop: Workshop,
  file: { readonly url: string; readonly integrity: string },
  onBytes: (bytes: number) => void,
): Promise<Digest> {
  const [algorithm, expected] = splitOnce(file.integrity, '-')
  const hash = createHash(algorithm)
  const fill = (output: HashingFile) =>
    pour(workshop, file.url, (chunk) => {
      onBytes(chunk.length)
      hash.update(chunk)
      return output.write(chunk)
    })
  const { digest } = await workshop.store.blobs.add(fill, () => {
    const found = hash.digest('base64')
    if (found !== expected) {
      throw hashMismatch({ url: withoutUserinfo(file.url), expected: file.integrity, found: `${algorithm}-${found}` })
    }
  })
  return digest
}

async function pour(workshop: FetchPlace, url: string, write: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  const chunks = download(url, { signal: workshop.signal })
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      workshop.signal.throwIfAborted()
      const reason = error instanceof Error ? error.message : 'no answer'
      throw downloadFailed({ url: withoutUserinfo(url), reason }, { cause: error })
    })
    if (next.done) return
    await write(next.value)
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return [text.slice(0, at), text.slice(at + separator.length)]
}
