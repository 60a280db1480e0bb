import { join } from 'node:path'
import * as files from '../../../host/files.ts'
import { listTree, NotUtf8 } from '../../../host/tree.ts'
import { sourceUnusable } from '../../../model/problems/install.ts'
import type { SourceTreeEntry } from '../dockerfile/index.ts'

/** A tree of files that `COPY` takes from, as the language of Dockerfiles sees it. */
export async function originTree(root: string): Promise<SourceTreeEntry[]> {
  const entries = await listed(root)
  return Promise.all(
    entries
      .filter(({ path }) => path !== '')
      .map(async ({ path, stats }): Promise<SourceTreeEntry> => {
        if (stats.isSymbolicLink()) return { path, kind: 'link', target: await files.readlink(join(root, path)) }
        if (stats.isDirectory()) return { path, kind: 'directory' }
        return { path, kind: stats.isFile() ? 'file' : 'other' }
      }),
  )
}

async function listed(root: string) {
  try {
    return await listTree(root)
  } catch (error) {
    if (error instanceof NotUtf8) throw sourceUnusable({ path: error.path, reason: 'its name is not UTF-8' })
    throw error
  }
}
