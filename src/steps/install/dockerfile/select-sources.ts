import type { CopyAction, FilesSource } from './action.ts'
import { hasWildcards } from './path-glob.ts'
import { pathPatterns, type PathPatterns } from './path-patterns.ts'
import { baseName, joinPath, relativeToRoot } from './paths.ts'
import type { SourceTree, TreeEntry } from './source-tree.ts'
import { TextFault } from './text-fault.ts'

/** One thing that `COPY` takes. */
export interface Selection {
  /** Where it is in the tree, links followed; empty for the root. */
  readonly path: string
  /** What it is called in a destination that is a directory; of a directory only the content is copied. */
  readonly name: string
  readonly kind: TreeEntry['kind']
  /** For a directory: what of it is copied, a directory always before what is in it. */
  readonly content: readonly SelectedEntry[]
}

export interface SelectedEntry {
  readonly entry: TreeEntry
  /** Relative to the selection's path. */
  readonly relative: string
}

const everything = pathPatterns(['**'])
const nothing = pathPatterns([])

/**
 * Which files of a tree a source of `COPY` or `ADD` takes.
 * @returns nothing when wildcards match nothing, which is no fault.
 * @throws TextFault when a path without wildcards is not there.
 */
export function selectSources(
  tree: SourceTree,
  { pattern }: Pick<FilesSource, 'pattern'>,
  { exclude, parents }: Pick<CopyAction, 'exclude' | 'parents'>,
): Selection[] {
  const excluded = exclude.length > 0 ? pathPatterns(exclude) : nothing
  const { start, include } = parents ? splitParents(pattern) : { start: pattern, include: undefined }
  if (include !== undefined && !hasWildcards(start) && !hasWildcards(include)) mustExist(tree, joinPath(start, include))
  const included = include === undefined ? everything : pathPatterns([include])
  return tree.resolve(start).flatMap((path) => selectOne({ tree, path, included, excluded }) ?? [])
}

/** `--parents` keeps the directories of a path; those before `/./` in it are left out. */
export function splitParents(pattern: string): { start: string; include: string } {
  const pivot = pattern.indexOf('/./')
  const start = pivot < 0 ? '/' : joinPath('/', pattern.slice(0, pivot))
  return { start, include: relativeToRoot(pivot < 0 ? pattern : pattern.slice(pivot + 3)) }
}

interface One {
  readonly tree: SourceTree
  readonly path: string
  readonly included: PathPatterns
  readonly excluded: PathPatterns
}

function selectOne({ tree, path, included, excluded }: One): Selection | undefined {
  const real = tree.follow(path)
  const entry = tree.get(real)
  if (!entry) throw missing(path)
  const name = baseName(path)
  if (entry.kind === 'directory') {
    const content = walk({ tree, included, excluded }, real, '')
    return { path: real, name, kind: 'directory', content }
  }
  // As documented for --exclude. BuildKit itself looks only at what is in directories (moby/buildkit#5489).
  return excluded.matches(name) ? undefined : { path: real, name, kind: entry.kind, content: [] }
}

/** A directory that is not taken itself comes along when something in it is. */
function walk(walking: Omit<One, 'path'>, path: string, relative: string): SelectedEntry[] {
  const { tree, included, excluded } = walking
  return tree.children(path).flatMap((entry) => {
    const below = relative + baseName(entry.path)
    const isExcluded = excluded.matches(below)
    const isTaken = included.matches(below) && !isExcluded
    const isPassed = isExcluded && !excluded.hasExceptions
    const inside = entry.kind === 'directory' && !isPassed ? walk(walking, entry.path, `${below}/`) : []
    return isTaken || inside.length > 0 ? [{ entry, relative: below }, ...inside] : []
  })
}

function mustExist(tree: SourceTree, path: string): void {
  if (!tree.get(relativeToRoot(path))) throw missing(relativeToRoot(path))
}

function missing(path: string): TextFault {
  return new TextFault('source', {
    message: `there is no ${path}`,
    fix: `Add it, correct the path, or see whether \`.dockerignore\` leaves it out`,
  })
}
