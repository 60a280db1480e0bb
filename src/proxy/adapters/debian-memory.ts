import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { openCommand } from '../../host/command-pipe.ts'
import { mkdtemp, removeTree, writeFile } from '../../host/files.ts'
import { hashMismatch } from '../../model/problems/install.ts'
import {
  isUsual,
  priorityTag,
  readPackages,
  type Checksums,
  type ListedPackage,
  type Release,
} from './debian-control.ts'
import { keepIndex, keptIndexes, type CheckedIndex } from './debian-index-cache.ts'
import { basesOf, parseDirectory, resolve, type Place } from './debian-place.ts'

/** What the indexes that a build was given say of its packages. */

export interface KnownPackage {
  readonly name: string
  readonly version: string
  readonly size: number
  readonly sha256: string
  /**
   * Where it was listed: `bookworm/main`, suite and component; of a flat repository its directory as a list of sources
   * names it, such as `./` or `binary/`. Replay lists it there and nowhere else, so that two releases of Debian which
   * share an archive stay apart. `priority:important` and the like are the archive's own as well.
   */
  readonly tags: Set<string>
}

interface IndexFile {
  readonly path: string
  readonly promised: Checksums
}

const largestIndex = 1024 ** 3

export class ArchiveMemory {
  readonly #releases = new Map<Place, Release>()
  readonly #packages = new Map<Place, KnownPackage>()
  /** Directories of which what earlier sessions knew was read. */
  readonly #recalled = new Set<Place>()

  learnRelease(directory: Place, release: Release): void {
    this.#releases.set(directory, release)
  }

  package(place: Place): KnownPackage | undefined {
    return this.#packages.get(place)
  }

  /**
   * Checks an index against the release that names it, and reads it if it lists packages.
   * @throws hashMismatch
   */
  async learnIndex(place: Place, content: Buffer, workspace: string): Promise<void> {
    const directory = this.#directoryOf(place)
    const index = directory === undefined ? undefined : this.#promise(directory, place.slice(directory.length))
    if (directory === undefined || index === undefined) return
    check(place, content, index.promised)
    if (!/(^|\/)Packages(\.[a-z0-9]+)?$/.test(index.path)) return
    const checked = { directory, path: index.path, content }
    await this.#read(checked, workspace)
    await keepIndex(workspace, checked)
  }

  /** Learns from earlier sessions about the archive that a place may be in. */
  async recall(place: Place, workspace: string): Promise<void> {
    const isOfArchive = (directory: Place) => {
      const parsed = parseDirectory(directory)
      const bases = parsed.kind === 'suite' ? [parsed.base] : basesOf(directory).slice(0, 2)
      return !this.#recalled.has(directory) && bases.some((base) => place.startsWith(base))
    }
    const recalled = new Set<Place>()
    for await (const index of keptIndexes(workspace, isOfArchive)) {
      recalled.add(index.directory)
      await this.#read(index, workspace)
    }
    for (const directory of recalled) this.#recalled.add(directory)
  }

  async #read({ directory, path, content }: CheckedIndex, workspace: string): Promise<void> {
    for await (const listed of readPackages(unpack(path, content, workspace))) {
      for (const { base, tag } of originsOf(directory, path)) this.#add(resolve(base, listed.fileName), listed, tag)
    }
  }

  #add(place: Place | undefined, listed: ListedPackage, tag: string): void {
    if (place === undefined) return
    const { name, version, size, sha256, priority } = listed
    const known = this.#packages.get(place)
    const tags = isUsual(priority) ? [tag] : [tag, priorityTag + priority]
    // A file of a pool never changes; when two indexes disagree, the later one is what the client goes by.
    if (known?.sha256 === sha256) for (const one of tags) known.tags.add(one)
    else this.#packages.set(place, { name, version, size, sha256, tags: new Set(tags) })
  }

  #directoryOf(place: Place): Place | undefined {
    return [...this.#releases.keys()]
      .filter((directory) => place.startsWith(directory))
      .sort(byLength)
      .at(-1)
  }

  /** What a release says of one of its files, which may be asked for by its hash. */
  #promise(directory: Place, path: string): IndexFile | undefined {
    const files = this.#releases.get(directory)?.files
    const promised = files?.get(path)
    if (promised) return { path, promised }
    const [, folder = '', hash = ''] = /^(.*?\/?)by-hash\/SHA(?:256|512)\/([0-9a-f]+)$/.exec(path) ?? []
    for (const [other, sums] of hash === '' ? [] : (files ?? [])) {
      if (other.startsWith(folder) && (sums.sha256 === hash || sums.sha512 === hash))
        return { path: other, promised: sums }
    }
    return undefined
  }
}

function byLength(one: string, other: string): number {
  return one.length - other.length
}

/** What file names of an index are relative to. Which directory above a flat repository it is, only a download shows. */
function originsOf(directory: Place, path: string): { base: Place; tag: string }[] {
  const parsed = parseDirectory(directory)
  if (parsed.kind === 'suite') {
    const component = path.replace(/\/?(binary-[^/]+\/)?[^/]+$/, '')
    return [{ base: parsed.base, tag: `${parsed.suite}/${component}` }]
  }
  return basesOf(directory).map((base) => ({ base, tag: directory.slice(base.length) || './' }))
}

function check(place: Place, content: Buffer, promised: Checksums): void {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const expected = promised[algorithm]
    const found = createHash(algorithm).update(content).digest('hex')
    if (expected === undefined || expected === found) continue
    throw hashMismatch({ url: place, expected: `${algorithm}:${expected}`, found: `${algorithm}:${found}` })
  }
}

/** Decompresses as apt does, by the name of the file: every format that a client can ask for. */
async function* unpack(path: string, content: Buffer, workspace: string): AsyncGenerator<Buffer> {
  if (path.endsWith('Packages')) {
    yield content
    return
  }
  const directory = await mkdtemp(join(workspace, 'index-'))
  const file = join(directory, path.slice(path.lastIndexOf('/') + 1))
  await writeFile(file, content)
  const unpacking = openCommand(['/usr/lib/apt/apt-helper', 'cat-file', file])
  try {
    let bytes = 0
    for await (const chunk of unpacking.output as AsyncIterable<Buffer>) {
      if ((bytes += chunk.length) > largestIndex) throw new Error(`${path} unpacks to more than ${largestIndex} bytes`)
      yield chunk
    }
    await unpacking.ended
  } finally {
    await unpacking.stop()
    await removeTree(directory)
  }
}
