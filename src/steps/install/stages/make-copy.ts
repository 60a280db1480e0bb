import { basename, dirname, join, posix } from 'node:path'
import * as files from '../../../host/files.ts'
import { kindInRoot } from '../../../host/root-links.ts'
import type { Artifact } from '../../../model/lock.ts'
import type { Session } from '../../../proxy/session.ts'
import {
  changedMode,
  parseMode,
  placeSources,
  selectSources,
  SourceTree,
  type CopyAction,
  type CopySource,
  type FilesSource,
  type Origin,
  type Placeable,
  type Placement,
  type SourceTreeEntry,
} from '../dockerfile/index.ts'
import { withTree, type LayerWork } from '../layer-work.ts'
import { ownerIn } from './accounts.ts'
import { fetchRepository } from './fetch-repository.ts'
import { fetchUrl } from './fetch-url.ts'
import { originTree } from './origin-tree.ts'
import { makeDirectories, resolveInRoot } from './root-path.ts'
import { isArchive, unpackArchive } from './unpack-archive.ts'

/** Where an action takes files from. */
export interface CopyOrigin {
  readonly directory: string
  readonly entries: readonly SourceTreeEntry[]
}

export interface CopyInputs {
  /** For what is fetched. */
  readonly session: () => Session
  readonly originOf: (origin: Origin) => Promise<CopyOrigin>
}

/**
 * Carries out a `COPY` or `ADD`.
 * @returns what was fetched, when the session records.
 */
export async function makeCopy(work: LayerWork, action: CopyAction, inputs: CopyInputs): Promise<readonly Artifact[]> {
  const fetched: Artifact[] = []
  await withTree(work, async (root) => {
    const owner = action.owner === undefined ? { uid: 0, gid: 0 } : await ownerIn(root, action.owner)
    const copying = new Copying(work, action, { root, owner })
    await copying.takeFiles(inputs)
    for (const source of action.sources) fetched.push(...(await copying.take(source, inputs)))
  })
  return fetched
}

interface Target {
  /** The image's root on the host. */
  readonly root: string
  readonly owner: { readonly uid: number; readonly gid: number }
}

/** Puts the sources of one instruction into an image. */
class Copying {
  readonly #work: LayerWork
  readonly #action: CopyAction
  readonly #target: Target

  constructor(work: LayerWork, action: CopyAction, target: Target) {
    this.#work = work
    this.#action = action
    this.#target = target
  }

  /** Takes a source that is no file of a tree. */
  async take(source: CopySource, inputs: CopyInputs): Promise<readonly Artifact[]> {
    switch (source.kind) {
      case 'files':
        return []
      case 'inline':
        await this.#placeFile(source.name, 0o644, (target) => files.writeFile(target, source.content))
        return []
      case 'url': {
        const { path, artifacts } = await fetchUrl(this.#work, source, inputs.session())
        if (source.unpack && (await isArchive(path))) await this.#unpack(path, source.url)
        else await this.#placeFile(source.name, 0o600, (target) => files.copyFile(path, target))
        return artifacts
      }
      case 'git': {
        const { directory, artifacts } = await fetchRepository(this.#work, source, inputs.session())
        const whole = { kind: 'files', from: { kind: 'scratch' }, pattern: '/', unpack: false } as const
        await this.#takeFrom({ directory, entries: await originTree(directory) }, [whole])
        return artifacts
      }
    }
  }

  /** All files of all sources are placed together: whether two of them get in each other's way shows only then. */
  async takeFiles({ originOf }: CopyInputs): Promise<void> {
    const sources = this.#action.sources.filter((source) => source.kind === 'files')
    // One instruction takes its files from one place: the context, or what --from names.
    const [first] = sources
    if (first) await this.#takeFrom(await originOf(first.from), sources)
  }

  async #takeFrom(origin: CopyOrigin, sources: readonly FilesSource[]): Promise<void> {
    const placeable: Placeable[] = []
    for (const source of sources) placeable.push(...(await this.#select(source, origin)))
    const kindAt = (path: string) => kindInRoot(this.#target.root, path)
    for (const placement of placeSources(placeable, this.#action.destination, kindAt)) {
      await this.#place(origin.directory, placement)
    }
  }

  async #select(source: FilesSource, { directory, entries }: CopyOrigin): Promise<Placeable[]> {
    const selected = selectSources(new SourceTree(entries), source, this.#action)
    return Promise.all(
      selected.map(async (selection) => {
        const unpacks = source.unpack && selection.kind === 'file' && (await isArchive(join(directory, selection.path)))
        return unpacks ? { ...selection, kind: 'archive' as const } : selection
      }),
    )
  }

  async #place(directory: string, { kind, from, to }: Placement): Promise<void> {
    const source = join(directory, from)
    if (kind === 'archive') return this.#unpack(source, from)
    const target = await this.#prepare(to, kind === 'directory')
    if (kind === 'directory') {
      const isThere = await files.exists(target)
      if (isThere && (this.#action.parents || to === this.#destination)) return
      if (!isThere) await files.mkdir(target)
    } else if (kind === 'link') {
      await files.symlink(await files.readlink(source), target)
      await files.lchown(target, this.#target.owner.uid, this.#target.owner.gid)
      return
    } else await files.copyFile(source, target)
    await this.#settle(target, this.#modeOf(await files.lstat(source)), kind === 'directory')
  }

  /** What stays as it is when it is there; directories in it become as those of the source, but not with --parents. */
  get #destination(): string {
    return posix.resolve('/', this.#action.destination)
  }

  /** Makes the directories above a target, and room for it. */
  async #prepare(to: string, isDirectory: boolean): Promise<string> {
    const { root, owner } = this.#target
    if (isDirectory) {
      const place = resolveInRoot(root, to)
      await makeDirectories(dirname(place), owner)
      return place
    }
    const above = resolveInRoot(root, posix.dirname(to))
    await makeDirectories(above, owner)
    const target = join(above, posix.basename(to))
    // A link in its place is replaced, not written through.
    await files.removeTree(target)
    return target
  }

  async #placeFile(name: string, mode: number, write: (target: string) => Promise<void>): Promise<void> {
    const { destination } = this.#action
    const isInto = destination.endsWith('/') || kindInRoot(this.#target.root, destination) === 'directory'
    const target = await this.#prepare(isInto ? posix.join(destination, basename(name)) : destination, false)
    await write(target)
    await this.#settle(target, mode, false)
  }

  /** In a build context only the executable bit means something: the rest is the umask of whoever unpacked it. */
  #modeOf(stats: files.Stats): number {
    const isContext = this.#action.sources.some((source) => source.kind === 'files' && source.from.kind === 'context')
    if (!isContext) return stats.mode & 0o7777
    return stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o755 : 0o644
  }

  async #settle(path: string, mode: number, isDirectory: boolean): Promise<void> {
    await files.lchown(path, this.#target.owner.uid, this.#target.owner.gid)
    const { mode: wanted } = this.#action
    await files.chmod(path, wanted === undefined ? mode : changedMode(parseMode(wanted), mode, isDirectory))
  }

  async #unpack(archive: string, name: string): Promise<void> {
    const { root, owner } = this.#target
    const { destination } = this.#action
    await makeDirectories(resolveInRoot(root, destination), owner)
    const { directory, workshop } = this.#work
    const staging = join(directory, 'unpacked')
    await unpackArchive({ archive, name, staging, root, destination, signal: workshop.signal })
  }
}
