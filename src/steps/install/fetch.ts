import { createHash } from 'node:crypto'
import { download } from '../../host/download.ts'
import type { HashingFile } from '../../host/hashing-file.ts'
import type { Digest } from '../../model/names.ts'
import { downloadFailed, hashMismatch } from '../../model/problems/install.ts'
import { withoutUserinfo } from '../../model/secret.ts'
import type { Workshop } from './workshop.ts'

/**
 * Fetches a file into the store and checks its SHA-256; one that is there already is not fetched again.
 * @throws downloadFailed, hashMismatch
 */
export async function fetchBlob(
  workshop: Workshop,
  file: { readonly url: string; readonly sha256: string },
  onBytes: (bytes: number) => void,
): Promise<void> {
  const expected: Digest = `sha256:${file.sha256}`
  if (await workshop.store.blobs.has(expected)) return
  const fill = (output: HashingFile) =>
    pour(workshop, file.url, (chunk) => {
      onBytes(chunk.length)
      return output.write(chunk)
    })
  await workshop.store.blobs.add(fill, (found) => {
    if (found !== expected) throw hashMismatch({ url: withoutUserinfo(file.url), expected, found })
  })
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

async function pour(workshop: Workshop, url: string, write: (chunk: Uint8Array) => Promise<void>): Promise<void> {
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
