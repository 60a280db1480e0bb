import { dirname } from 'node:path'
import * as files from '../../../host/files.ts'
import { LinksInCircle, resolveInRoot as resolve } from '../../../host/root-links.ts'
import { sourceUnusable } from '../../../model/problems/install.ts'

/**
 * Where a path of an image lies on the host; no link leads out of the image.
 * @throws sourceUnusable for links that go in circles
 */
export function resolveInRoot(root: string, path: string): string {
  try {
    return resolve(root, path)
  } catch (error) {
    if (!(error instanceof LinksInCircle)) throw error
    throw sourceUnusable({ path, reason: 'its symbolic links go in circles' }, { cause: error })
  }
}

/** Makes a directory and those above it that are missing. */
export async function makeDirectories(
  path: string,
  { mode = 0o755, uid = 0, gid = 0 }: { mode?: number; uid?: number; gid?: number } = {},
): Promise<void> {
  const missing: string[] = []
  for (let current = path; !(await files.exists(current)); current = dirname(current)) missing.unshift(current)
  for (const directory of missing) {
    await files.mkdir(directory)
    await files.chmod(directory, mode)
    await files.lchown(directory, uid, gid)
  }
}
