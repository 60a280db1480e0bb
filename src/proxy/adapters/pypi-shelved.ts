import type { Artifact } from '../../model/lock.ts'
import { addressKey } from './pypi-address.ts'
import { lockedFile, type IndexFile } from './pypi-index.ts'
import { fileNameOf } from './pypi-name.ts'

/** A file of the lock, and how an index shows it. */
export interface Shelved {
  readonly artifact: Artifact
  readonly file: IndexFile
}

/** The files of a lock, by all that a client may know of them. */
export class ShelvedFiles {
  readonly all: readonly Shelved[]
  readonly #byAddress: ReadonlyMap<string, Shelved>
  readonly #byFile: ReadonlyMap<string, Shelved>
  readonly #ofOthers: ReadonlySet<string>

  constructor(artifacts: readonly Artifact[]) {
    this.all = artifacts.flatMap((artifact) => {
      const file = artifact.kind === 'pypi' ? lockedFile(artifact) : undefined
      return file ? [{ artifact, file }] : []
    })
    this.#byAddress = new Map(this.all.map((each) => [addressKey(each.file.url), each]))
    this.#byFile = new Map(this.all.map((each) => [each.file.file, each]))
    this.#ofOthers = new Set(artifacts.flatMap(({ kind, url }) => (kind === 'pypi' ? [] : [addressKey(url)])))
  }

  /** Normalised, sorted. */
  get projects(): string[] {
    return [...new Set(this.all.map(({ file }) => file.name))].toSorted()
  }

  at(url: URL): Shelved | undefined {
    return this.#byAddress.get(addressKey(url.href))
  }

  /** A file by its name alone: a client may know it from a lock of its own, with the address of another mirror. */
  named(url: URL): Shelved | undefined {
    return this.at(url) ?? this.#byFile.get(fileNameOf(url))
  }

  /** Whether it was locked as something else: a file that was fetched as such has an adapter of its own. */
  isOfOthers(url: URL): boolean {
    return this.#ofOthers.has(addressKey(url.href))
  }

  ofProject(name: string): readonly Shelved[] {
    return this.all.filter(({ file }) => file.name === name)
  }

  /** What lies in a directory. */
  below({ origin, pathname }: URL): readonly Shelved[] {
    const directory = addressKey(`${origin}${pathname.replace(/\/?$/, '/')}`)
    return this.all.filter(({ file }) => addressKey(file.url).startsWith(directory))
  }
}
