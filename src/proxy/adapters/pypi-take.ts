import { createHash, getHashes } from 'node:crypto'
import { readChunks } from '../../host/hashing-file.ts'
import type { Artifact } from '../../model/lock.ts'
import { hashMismatch } from '../../model/problems/install.ts'
import type { BuildRequest, Recorder } from '../adapter.ts'
import type { IndexFile } from './pypi-index.ts'
import { fileNameOf } from './pypi-name.ts'

/** What a file is called, and what its index promised of it. */
export type Known = Pick<IndexFile, 'name' | 'version' | 'type' | 'file' | 'hashes'>

/**
 * Downloads a file into the lock and checks it against its index.
 * @throws NotFound, hashMismatch
 */
export async function takeFile(
  { name, version, file, hashes }: Known,
  url: URL,
  request: BuildRequest,
  recorder: Recorder,
): Promise<Artifact> {
  // The name of the file is what tells a client all about it; an address may end with another one.
  const tags = fileNameOf(url) === file ? {} : { tags: [file] }
  const artifact = await recorder.take({ kind: 'pypi', name, version, ...tags }, url, { headers: credentials(request) })
  await check(artifact, hashes, recorder)
  return artifact
}

async function check(artifact: Artifact, hashes: Known['hashes'], recorder: Recorder): Promise<void> {
  const { url, sha256 } = artifact
  for (const [algorithm, expected] of Object.entries(hashes)) {
    if (algorithm !== 'sha256' && !getHashes().includes(algorithm)) continue
    const found = algorithm === 'sha256' ? sha256 : await hashOf(recorder.path(artifact), algorithm)
    if (found !== expected) {
      throw hashMismatch({ url, expected: `${algorithm}:${expected}`, found: `${algorithm}:${found}` })
    }
  }
}

async function hashOf(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of readChunks(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Of a client's headers only these concern the server: the rest would bring answers that cannot be read or repeated. */
export function credentials({ headers }: BuildRequest): Record<string, string> {
  return headers['authorization'] === undefined ? {} : { authorization: headers['authorization'] }
}
