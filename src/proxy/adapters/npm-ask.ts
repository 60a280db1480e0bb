import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Asking, Document, Recorder } from '../adapter.ts'

const largestDocument = 512 * 1024 ** 2

/**
 * Asks for a document as short as a registry can send it: some are of a hundred megabytes, and of a tenth compressed.
 * @throws Error when there is no answer, or one that cannot be unpacked
 */
export async function askCompressed(recorder: Recorder, url: URL, { headers }: Asking): Promise<Document> {
  const document = await recorder.ask(url, { headers: { ...headers, 'accept-encoding': 'gzip' } })
  const { 'content-encoding': encoding = 'identity', ...rest } = document.headers
  if (encoding === 'identity' || document.body.length === 0) return document
  if (encoding !== 'gzip') throw new Error(`${url.host} sent a document in the encoding ${encoding}`)
  const body = await promisify(gunzip)(document.body, { maxOutputLength: largestDocument }).catch((cause: unknown) => {
    throw new Error(`${url.host} sent a document that cannot be unpacked`, { cause })
  })
  return { ...document, headers: rest, body }
}
