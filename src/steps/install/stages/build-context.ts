import { join } from 'node:path'
import * as files from '../../../host/files.ts'
import { hashFile } from '../../../host/hashing-file.ts'
import { keyOf } from '../../../image/index.ts'
import {
  contextOf,
  readIgnoreFile,
  selectSources,
  SourceTree,
  type Action,
  type CopyAction,
  type RunMount,
  type SourceTreeEntry,
} from '../dockerfile/index.ts'
import { originTree } from './origin-tree.ts'

/** What a Dockerfile can see of the source tree. */
export class BuildContext {
  readonly directory: string
  readonly entries: readonly SourceTreeEntry[]
  readonly #tree: SourceTree
  readonly #hashes = new Map<string, Promise<string>>()

  private constructor(directory: string, entries: readonly SourceTreeEntry[]) {
    this.directory = directory
    this.entries = entries
    this.#tree = new SourceTree(entries)
  }

  /** @param ignore The file that says what is left out. */
  static async open(directory: string, ignore: { path: string; text: string }): Promise<BuildContext> {
    return new BuildContext(directory, contextOf(await originTree(directory), readIgnoreFile(ignore)))
  }

  /** Stands for all that an action takes of the context: the same files, the same digest. */
  async digestOf(action: Action): Promise<string> {
    if (action.kind === 'copy') return keyOf(await this.#copied(action))
    const seen = action.kind === 'run' ? action.mounts.flatMap((mount) => this.#mounted(mount)) : []
    return seen.length === 0 ? '' : keyOf(await Promise.all(seen.map((entry) => this.#describe(entry))))
  }

  /** Makes a directory of what is left of the tree, with one time for all of it. @returns the directory */
  async copyTo(target: string, time: number): Promise<string> {
    await files.mkdir(target)
    for (const entry of this.entries) await this.#copyEntry(entry, target)
    for (const { path } of [...this.entries].reverse()) await files.lutimes(join(target, path), time, time)
    await files.lutimes(target, time, time)
    return target
  }

  async #copyEntry({ path, kind }: SourceTreeEntry, target: string): Promise<void> {
    const [source, copy] = [join(this.directory, path), join(target, path)]
    if (kind === 'directory') await files.mkdir(copy)
    else if (kind === 'link') await files.symlink(await files.readlink(source), copy)
    else if (kind === 'file') await files.copyFile(source, copy)
  }

  /** Links may lead anywhere, so with one of them in its path a mount stands for everything. */
  #mounted(mount: RunMount): readonly SourceTreeEntry[] {
    if (!('from' in mount) || mount.from.kind !== 'context') return []
    const top = mount.source.replace(/^\/+|\/+$/g, '')
    const isBelow = ({ path }: SourceTreeEntry) => top === '' || path === top || path.startsWith(`${top}/`)
    const below = this.entries.filter(isBelow)
    return below.some(({ kind }) => kind !== 'link') ? below : this.entries
  }

  async #copied(action: CopyAction): Promise<unknown> {
    const sources = action.sources.flatMap((source) =>
      source.kind === 'files' && source.from.kind === 'context' ? [source] : [],
    )
    const selections = sources.flatMap((source) => selectSources(this.#tree, source, action))
    return Promise.all(
      selections.map(async ({ path, name, kind, content }) => {
        const own = kind === 'directory' ? kind : await this.#describe(this.#tree.get(path) ?? { path, kind: 'other' })
        const below = await Promise.all(
          content.map(async ({ entry, relative }) => [relative, await this.#describe(entry)]),
        )
        return [name, own, below]
      }),
    )
  }

  async #describe(entry: SourceTreeEntry): Promise<unknown> {
    const { path, kind } = entry
    if (kind === 'link') return [path, kind, entry.target]
    if (kind !== 'file') return [path, kind]
    const full = join(this.directory, path)
    const known = this.#hashes.get(path) ?? hashFile(full)
    this.#hashes.set(path, known)
    return [path, ((await files.stat(full)).mode & 0o111) !== 0, await known]
  }
}
