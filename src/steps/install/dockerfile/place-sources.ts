import { joinPath, parentOf } from './paths.ts'
import type { Selection } from './select-sources.ts'
import { TextFault } from './text-fault.ts'

/** One thing that is written into the root file system. Paths are absolute. */
export interface Placement {
  /** `archive` is unpacked into `to`. */
  readonly kind: 'file' | 'directory' | 'link' | 'other' | 'archive'
  /** In the tree that it comes from; empty for its root. */
  readonly from: string
  readonly to: string
}

/** What a path of the root file system is, links followed. */
export type KindAt = (path: string) => 'directory' | 'file' | undefined

/** What is to be placed: a selection, or one that is an archive and unpacked. */
export type Placeable = Omit<Selection, 'kind'> & { readonly kind: Selection['kind'] | 'archive' }

/**
 * Where in the root file system the selections of a `COPY` go, in the order in which they are written; directories above
 * them that are not there are made as need be. All selections of an instruction are to be placed in one call.
 * A directory's content goes into the destination; a file becomes the destination, or, when that is a directory or is
 * written with a slash at its end, goes into it under its own name.
 * A directory that exists keeps its mode and owner if it is the destination itself, and gets those of the source if not.
 * @throws TextFault when a file would take the place of a directory, a directory that of a file, or a file that of one
 * that the same instruction has just written.
 */
export function placeSources(selections: readonly Placeable[], destination: string, kindAt: KindAt): Placement[] {
  const placing = new Placing(kindAt)
  for (const selection of selections) placing.place(selection, destination)
  return placing.placements
}

class Placing {
  readonly placements: Placement[] = []
  readonly #kindAt: KindAt
  readonly #written = new Map<string, 'directory' | 'file'>()

  constructor(kindAt: KindAt) {
    this.#kindAt = kindAt
  }

  place(selection: Placeable, destination: string): void {
    const target = joinPath('/', destination)
    this.#makeDirectory(
      destination.endsWith('/') || selection.kind === 'archive' ? target : joinPath('/', parentOf(target)),
    )
    if (selection.kind === 'archive') this.placements.push({ kind: 'archive', from: selection.path, to: target })
    else if (selection.kind === 'directory') this.#placeDirectory(selection, target)
    else this.#placeFile(selection, target)
  }

  #placeDirectory({ path, content }: Placeable, target: string): void {
    this.#write({ kind: 'directory', from: path, to: target })
    for (const { entry, relative } of content) {
      this.#write({ kind: entry.kind, from: entry.path, to: joinPath(target, relative) })
    }
  }

  #placeFile({ kind, path, name }: Placeable, target: string): void {
    const isInto = this.#kindOf(target) === 'directory'
    if (!isInto && this.#written.has(target)) {
      throw fault(`several files would all become ${target}`, `End the target with a slash: \`${target}/\``)
    }
    this.#write({ kind, from: path, to: isInto ? joinPath(target, name) : target })
  }

  #write(placement: Placement): void {
    const { kind, to } = placement
    const before = this.#kindOf(to)
    if (kind === 'directory' && before === 'file') {
      throw fault(
        `the directory ${placement.from || '/'} cannot take the place of the file ${to}`,
        'Use another target',
      )
    }
    if (kind !== 'directory' && before === 'directory') {
      throw fault(`the file ${placement.from} cannot take the place of the directory ${to}`, 'Use another target')
    }
    this.#written.set(to, kind === 'directory' ? 'directory' : 'file')
    this.placements.push(placement)
  }

  /** Directories that are not there are made, those above them first. */
  #makeDirectory(path: string): void {
    const kind = this.#kindOf(path)
    if (kind === 'directory' || path === '/') return
    if (kind === 'file') throw fault(`${path} is a file, and can have no files in it`, 'Use another target')
    this.#makeDirectory(joinPath('/', parentOf(path)))
    this.#written.set(path, 'directory')
  }

  #kindOf(path: string): 'directory' | 'file' | undefined {
    return path === '/' ? 'directory' : (this.#written.get(path) ?? this.#kindAt(path))
  }
}

function fault(message: string, fix: string): TextFault {
  return new TextFault('source', { message, fix })
}
