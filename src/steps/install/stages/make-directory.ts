import { withTree, type LayerWork } from '../layer-work.ts'
import type { DirectoryAction } from '../dockerfile/index.ts'
import { accountIn } from './accounts.ts'
import { makeDirectories, resolveInRoot } from './root-path.ts'

/** Carries out a `WORKDIR`: the directory and those above it, as far as they are missing. */
export async function makeDirectory(work: LayerWork, { path, user }: DirectoryAction): Promise<void> {
  await withTree(work, async (root) => {
    const { uid, gid } = await accountIn(root, user)
    await makeDirectories(resolveInRoot(root, path), { uid, gid })
  })
}
