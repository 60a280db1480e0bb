import { globMatcher } from './glob.ts'
import { hasWildcards, pathGlob } from './path-glob.ts'
import { joinPath, parentOf, relativeToRoot } from './paths.ts'
import { TextFault } from './text-fault.ts'

/** A path of a tree, relative to its root, with slashes. */
export interface TreePath {
  readonly path: string
}

/** What `COPY` has to know of a file that it may take; the root itself is not listed. */
export type TreeEntry = TreePath &
  ({ readonly kind: 'file' | 'directory' | 'other' } | { readonly kind: 'link'; readonly target: string })

const mostLinks = 255

/** A tree of files by their paths alone: a build context, or the root file system of a stage or image. */
export class SourceTree {
  readonly #entries = new Map<string, TreeEntry>([['', { path: '', kind: 'directory' }]])
  readonly #names = new Map<string, string[]>()

  /** Directories above a listed entry need not be listed. */
  constructor(entries: readonly TreeEntry[]) {
    for (const entry of entries) this.#add(entry)
    for (const names of this.#names.values()) names.sort()
  }

  #add(entry: TreeEntry): void {
    const isNew = !this.#entries.has(entry.path)
    if (!isNew && entry.kind === 'directory') return
    this.#entries.set(entry.path, entry)
    if (!isNew) return
    const parent = parentOf(entry.path)
    this.#add({ path: parent, kind: 'directory' })
    const names = this.#names.get(parent)
    if (names) names.push(entry.path.slice(parent === '' ? 0 : parent.length + 1))
    else this.#names.set(parent, [entry.path.slice(parent === '' ? 0 : parent.length + 1)])
  }

  get(path: string): TreeEntry | undefined {
    return this.#entries.get(path)
  }

  /** What is in a directory, by name. */
  children(path: string): TreeEntry[] {
    const names = this.#names.get(path) ?? []
    return names.flatMap((name) => this.#entries.get(path === '' ? name : `${path}/${name}`) ?? [])
  }

  /**
   * Follows symbolic links, which see the root of the tree as theirs: none leads out of it.
   * @throws TextFault for links that lead in a circle.
   */
  follow(path: string): string {
    const parts = path.split('/').filter((part) => part !== '')
    let current = ''
    let links = 0
    while (parts.length > 0) {
      const next = relativeToRoot(`${current}/${parts.shift() ?? ''}`)
      const entry = this.#entries.get(next)
      if (entry?.kind !== 'link') {
        current = next
        continue
      }
      if ((links += 1) > mostLinks) {
        throw new TextFault('source', { message: `links lead in a circle from ${path}`, fix: 'Mend them' })
      }
      if (entry.target.startsWith('/')) current = ''
      parts.unshift(...entry.target.split('/').filter((part) => part !== '' && part !== '.'))
    }
    return current
  }

  /**
   * The paths that a pattern names: links in the part before the first wildcard are followed, behind it they are not.
   * @returns the path itself, there or not, when it has no wildcard.
   * @throws TextFault for a pattern that is none, and when there is nothing where the wildcards begin.
   */
  resolve(pattern: string): string[] {
    const parts = joinPath('/', pattern).slice(1).split('/')
    const first = parts.findIndex(hasWildcards)
    if (first < 0) return [parts.join('/')]
    const start = this.follow(parts.slice(0, first).join('/'))
    if (!this.#entries.has(start)) {
      throw new TextFault('source', { message: `there is no ${start}`, fix: 'Correct the path' })
    }
    const isMatch = globMatcher(pathGlob(parts.slice(first).join('/')))
    const found: string[] = []
    this.#search(start, '', (path, relative) => {
      const isFound = isMatch(relative)
      if (isFound) found.push(path)
      return isFound
    })
    return found
  }

  /** Visits everything below a directory, in order; what is in a directory only unless `isDone` says so. */
  #search(path: string, relative: string, isDone: (path: string, relative: string) => boolean): void {
    for (const child of this.children(path)) {
      const name = child.path.slice(path === '' ? 0 : path.length + 1)
      const below = relative === '' ? name : `${relative}/${name}`
      if (!isDone(child.path, below) && child.kind === 'directory') this.#search(child.path, below, isDone)
    }
  }
}
