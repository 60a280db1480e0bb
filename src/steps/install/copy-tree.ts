import ignore from 'ignore'
import { join } from 'node:path'
import * as files from '../../host/files.ts'
import { listTree, NotUtf8, type TreeEntry } from '../../host/tree.ts'
import { sourceUnusable } from '../../model/problems/install.ts'

/**
 * Copies a source tree with the only modes that mean something: 644, or 755 for what may be executed. Symbolic links
 * are copied as they are, never followed.
 * @param exclude Patterns of .gitignore for what stays behind.
 * @throws sourceUnusable for what is neither file, directory nor symbolic link.
 */
export async function copyTree(source: string, target: string, exclude: readonly string[]): Promise<void> {
  const excluded = ignore().add([...exclude])
  const isExcluded = ({ path, stats }: TreeEntry) =>
    path !== '' && excluded.ignores(stats.isDirectory() ? `${path}/` : path)
  for (const entry of await entriesOf(source, (directory) => !isExcluded(directory))) {
    if (entry.path !== '' && !isExcluded(entry)) await copyEntry(entry, source, target)
  }
}

async function entriesOf(source: string, enter: (entry: TreeEntry) => boolean): Promise<TreeEntry[]> {
  try {
    return await listTree(source, enter)
  } catch (error) {
    if (error instanceof NotUtf8) throw sourceUnusable({ path: error.path, reason: 'its name is not UTF-8' })
    throw error
  }
}

async function copyEntry({ path, stats }: TreeEntry, source: string, target: string): Promise<void> {
  const to = join(target, path)
  if (stats.isDirectory()) {
    await files.mkdir(to, { mode: 0o755 })
    await files.chmod(to, 0o755)
  } else if (stats.isSymbolicLink()) await files.symlink(await files.readlink(join(source, path)), to)
  else if (stats.isFile()) await copyOneFile(join(source, path), to, (stats.mode & 0o111) !== 0)
  else throw sourceUnusable({ path, reason: 'it is neither a file, a directory nor a symbolic link' })
}

async function copyOneFile(from: string, to: string, executable: boolean): Promise<void> {
  await files.copyFile(from, to)
  await files.chmod(to, executable ? 0o755 : 0o644)
}

/** Copies single files of a tree, making the directories above them. The paths come from `TreeFacts`: no links. */
export async function copyFiles(source: string, target: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await files.mkdir(join(target, path, '..'), { recursive: true })
    await copyOneFile(join(source, path), join(target, path), false)
  }
}

/**
 * Makes a directory below `root` and those above it. A source tree may hold a symbolic link at one of them, which would
 * lead out of the layer.
 * @throws sourceUnusable when something that is not a directory is in the way.
 */
export async function makeDirectoryInside(root: string, path: string): Promise<void> {
  let current = root
  for (const name of path.split('/').filter(Boolean)) {
    current = join(current, name)
    const facts = await files.lstat(current).catch((error: unknown) => {
      if (files.hasCode(error, 'ENOENT')) return undefined
      throw error
    })
    if (facts && !facts.isDirectory()) {
      throw sourceUnusable({
        path,
        reason: `a volume belongs there, but ${current.slice(root.length)} is no directory`,
      })
    }
    if (!facts) await files.mkdir(current, { mode: 0o755 })
  }
}
