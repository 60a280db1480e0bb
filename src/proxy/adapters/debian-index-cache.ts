import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { exists, mkdir, readdir, readFile, readText, replaceFile } from '../../host/files.ts'
import type { Place } from './debian-place.ts'

/**
 * Indexes that were checked, kept for sessions to come: each step of a build has a session of its own, and one may fetch
 * by the lists that another has left in the image.
 */

export interface CheckedIndex {
  /** Of its release. */
  readonly directory: Place
  /** In that directory. */
  readonly path: string
  readonly content: Buffer
}

const folder = 'indexes'

/** Replaces what was kept of the same list, in whatever compression. */
export async function keepIndex(cache: string, { directory, path, content }: CheckedIndex): Promise<void> {
  const root = join(cache, folder)
  await mkdir(root, { recursive: true })
  const key = sha256(directory + path.replace(/\.[a-z0-9]+$/, ''))
  const about = JSON.stringify({ directory, path, sha256: sha256(content) })
  if ((await readText(join(root, `${key}.json`))) === about && (await exists(join(root, key)))) return
  await replaceFile(join(root, key), content)
  await replaceFile(join(root, `${key}.json`), about)
}

/** What was kept of releases that `isWanted`; a list that is being replaced is passed over. */
export async function* keptIndexes(
  cache: string,
  isWanted: (directory: Place) => boolean,
): AsyncGenerator<CheckedIndex> {
  const root = join(cache, folder)
  if (!(await exists(root))) return
  for (const name of (await readdir(root)).filter((each) => each.endsWith('.json')).sort()) {
    const about = JSON.parse((await readText(join(root, name))) ?? '{}') as Record<string, unknown>
    const { directory, path, sha256: expected } = about
    if (typeof directory !== 'string' || typeof path !== 'string' || !isWanted(directory)) continue
    const content = await readFile(join(root, name.slice(0, -'.json'.length)))
    if (sha256(content) === expected) yield { directory, path, content }
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
