import { basename, join } from 'node:path'
import * as files from '../../host/files.ts'
import { listTree, NotUtf8, type TreeEntry } from '../../host/tree.ts'
import { sourceUnusable } from '../../model/problems/install.ts'

/** What planning has to know of a source tree. */
export interface TreeFacts {
  /** Names at the top of the tree, directories with a slash at the end. */
  readonly top: readonly string[]
  /** Regular files that are not behind a symbolic link, by path. */
  readonly files: ReadonlySet<string>
  /** The text of those files that may decide how the application is installed. */
  readonly texts: ReadonlyMap<string, string>
  /** The processor of this host, as Node calls it. */
  readonly architecture: string
}

const relevant = [
  /(^|\/)[^/]*(require|constraint)[^/]*$/i,
  /\.(txt|in)$/,
  /^(package\.json|package-lock\.json|npm-shrinkwrap\.json|Procfile|\.npmrc)$/,
  /^[^/]+\.py$/,
  /(^|\/)[^/]*(Dockerfile|Containerfile|\.dockerignore)[^/]*$/i,
]

const maximumTexts = 500
const largestText = 16 * 1024 * 1024
const skipped = new Set(['.git', 'node_modules', 'venv', '.venv', '__pycache__'])

/**
 * Looks at an unpacked source tree. Follows no symbolic link, so a hostile tree shows nothing but itself.
 * @throws sourceUnusable when a file name is not UTF-8.
 */
export async function gatherTreeFacts(treeDir: string): Promise<TreeFacts> {
  const entries = await entriesOf(treeDir)
  const regular = entries.filter(({ stats }) => stats.isFile()).map(({ path }) => path)
  const texts = new Map<string, string>()
  for (const path of regular.filter((name) => relevant.some((pattern) => pattern.test(name))).slice(0, maximumTexts)) {
    const text = await files.readUntrusted(join(treeDir, path), largestText)
    if (text !== undefined) texts.set(path, text)
  }
  return {
    top: entries.filter(({ path }) => path !== '' && !path.includes('/')).map(nameOf),
    files: new Set(regular),
    texts,
    architecture: process.arch,
  }
}

async function entriesOf(treeDir: string): Promise<TreeEntry[]> {
  try {
    return await listTree(treeDir, ({ path }) => !skipped.has(basename(path)))
  } catch (error) {
    if (error instanceof NotUtf8) throw sourceUnusable({ path: error.path, reason: 'its name is not UTF-8' })
    throw error
  }
}

function nameOf({ path, stats }: TreeEntry): string {
  return stats.isDirectory() ? `${path}/` : path
}
