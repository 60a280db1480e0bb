import { createReadStream, stat } from '../host/files.ts'
import type { ServerResponse } from '../host/sockets.ts'
import type { BuildAnswer } from './adapter.ts'
import type { BlobShelf } from './session.ts'

/** Sends an answer to a build; a blob goes out of the store without being held in memory. */
export async function sendAnswer(
  response: ServerResponse,
  { status, headers = {}, body = '' }: BuildAnswer,
  { isHead, blobs }: { isHead: boolean; blobs: BlobShelf },
): Promise<void> {
  if (typeof body !== 'string' && 'blob' in body) {
    const path = blobs.path(body.blob)
    const { size } = await stat(path)
    response.writeHead(status, { 'content-type': 'application/octet-stream', ...headers, 'content-length': size })
    if (isHead) response.end()
    else
      createReadStream(path)
        .once('error', () => response.destroy())
        .pipe(response)
    return
  }
  const content = typeof body === 'string' ? Buffer.from(body) : body
  // An answer to HEAD may say how long the answer to GET would be (RFC 9110, 8.6).
  const length = isHead && content.length === 0 ? {} : { 'content-length': content.length }
  response.writeHead(status, { ...headers, ...length })
  response.end(isHead ? undefined : content)
}
