import { largestLock, lockFileName } from '../../model/lock.ts'
import { attestationFolder, largestAttestation, mostAttestations } from '../../model/attestation-files.ts'
import { lockUnreadable } from '../../model/problems/lock.ts'
import { archiveHostile } from '../../model/problems/retrieve.ts'

/**
 * Files that come with a tree and are no part of it, because they speak of the image that is made of it: the lock, and
 * statements of those who built it again.
 */
export class BesideTheTree {
  lock: string | undefined
  readonly attestations: string[] = []

  /** Whether a path is one of them, or the folder that they are in. */
  static has(path: string): boolean {
    return path === lockFileName || path === attestationFolder || path.startsWith(`${attestationFolder}/`)
  }

  /** @throws lockUnreadable, archiveHostile for what is too large */
  async take(path: string, size: number, content: AsyncIterable<unknown>): Promise<void> {
    if (path === lockFileName) {
      if (size > largestLock) {
        throw lockUnreadable({ file: lockFileName, line: 1, reason: `it is larger than ${largestLock} bytes` })
      }
      this.lock = await textOf(content)
    } else if (path.endsWith('.json')) {
      if (size > largestAttestation) throw archiveHostile({ entry: path, why: 'is too large for a statement' })
      if (this.attestations.length === mostAttestations) {
        throw archiveHostile({ entry: path, why: `is one of more than ${mostAttestations} statements` })
      }
      this.attestations.push(await textOf(content))
    }
  }
}

async function textOf(content: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of content as AsyncIterable<Buffer>) chunks.push(chunk) // tar-stream's types leave this open
  return Buffer.concat(chunks).toString('utf8')
}
