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
    const isSeen =
      action.kind === 'run' && action.mounts.some((mount) => 'from' in mount && mount.from.kind === 'context')
    return isSeen ? keyOf(await Promise.all(this.entries.map((entry) => this.#describe(entry)))) : ''
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
