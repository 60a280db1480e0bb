import { join } from 'node:path'
import { runCommand } from '../host/command.ts'
import * as files from '../host/files.ts'
import { pathsOf, type Instance, type Paths } from '../host/instance.ts'
import { opaqueAttribute } from '../host/mounts.ts'
import { listTree, syncTree, type TreeEntry } from '../host/tree.ts'
import { hexOf, type Digest } from '../model/names.ts'
import { layerMissing } from '../model/problems/install.ts'
import type { BlobStore } from './blobs.ts'
import { writeLayerTar } from './layer-tar.ts'
import { normaliseTree, type Normalisation } from './normalise.ts'

export interface StoredLayer {
  readonly diffId: Digest
  /** Size of its archive. */
  readonly bytes: number
}

/** Layers twice: as archives among the blobs, which is what a digest is taken of, and unpacked, which is what runs. */
export class LayerStore {
  readonly #paths: Paths
  readonly #blobs: BlobStore

  constructor(instance: Instance, blobs: BlobStore) {
    this.#paths = pathsOf(instance)
    this.#blobs = blobs
  }

  directory(diffId: Digest): string {
    return join(this.#paths.layers, hexOf(diffId))
  }

  /** Whether a layer can be had without building it. */
  async has(diffId: Digest): Promise<boolean> {
    return (await files.exists(this.directory(diffId))) || (await this.#blobs.has(diffId))
  }

  /**
   * Takes over the upper directory of a finished build: normalises it in place, writes its archive, renames it into the
   * store. The directory must be on the file system of BERTH_HOME, and is gone afterwards.
   */
  async adopt(upper: string, how: Normalisation): Promise<StoredLayer> {
    const entries = await normaliseTree(upper, how)
    const { digest, bytes } = await this.#blobs.add((output) => writeLayerTar(upper, entries, output))
    await this.#place(upper, digest, entries)
    return { diffId: digest, bytes }
  }

  /**
   * Makes of the upper directory of a finished build what its layer would be, without an archive of it and outside of the
   * store: `directory` is the caller's.
   */
  async prepare(upper: string, how: Normalisation, directory: string): Promise<void> {
    await normaliseTree(upper, how)
    await files.chmod(upper, 0o755)
    await files.rename(upper, directory)
  }

  /**
   * The unpacked layer's directory; unpacks it from its blob when it is not there.
   * @throws layerMissing when its blob is gone too, blobCorrupt when it is not what it was.
   */
  async restore(diffId: Digest): Promise<string> {
    const directory = this.directory(diffId)
    if (await files.exists(directory)) return directory
    await this.#unpack(diffId, (unpacked, entries) => this.#place(unpacked, diffId, entries))
    return directory
  }

  /**
   * Removes the directory of a layer that nothing runs on, when its archive is whole and no larger than `mostBytes`: it is
   * unpacked again in a moment.
   */
  async fold(diffId: Digest, mostBytes: number): Promise<void> {
    const directory = this.directory(diffId)
    const facts = await files.stat(this.#blobs.path(diffId)).catch(() => undefined)
    if (!facts || facts.size > mostBytes || !(await files.exists(directory))) return
    if (!(await this.#blobs.isIntact(diffId))) return
    // First out of its place: half a directory must not look like a layer.
    const aside = this.#blobs.temporaryPath('layer')
    await files.rename(directory, aside)
    await files.removeTree(aside)
  }

  /**
   * Unpacks a layer anew although its directory is there, and moves that one to `aside`: whoever still runs on it goes
   * on with what it was.
   * @throws layerMissing, blobCorrupt; then nothing has moved
   */
  async replace(diffId: Digest, aside: string): Promise<void> {
    await this.#unpack(diffId, async (unpacked, entries) => {
      await files.rename(this.directory(diffId), aside)
      await this.#place(unpacked, diffId, entries)
    })
  }

  async #unpack(
    diffId: Digest,
    use: (unpacked: string, entries: readonly TreeEntry[]) => Promise<void>,
  ): Promise<void> {
    if (!(await this.#blobs.has(diffId))) throw layerMissing({ digest: diffId })
    await this.#blobs.verify(diffId)
    await files.mkdir(this.#paths.temporary, { recursive: true })
    const unpacked = this.#blobs.temporaryPath('layer')
    try {
      await files.mkdir(unpacked)
      await unpackLayer(this.#blobs.path(diffId), unpacked)
      await use(unpacked, await listTree(unpacked))
    } finally {
      await files.removeTree(unpacked)
    }
  }

  async #place(directory: string, diffId: Digest, entries: readonly TreeEntry[]): Promise<void> {
    await files.mkdir(this.#paths.layers, { recursive: true })
    if (await files.exists(this.directory(diffId))) return files.removeTree(directory)
    // The archive has no entry for the root itself, so it must be the same wherever the layer came from.
    await files.chmod(directory, 0o755)
    await files.lutimes(directory, 0, 0)
    await syncTree(directory, entries)
    try {
      await files.rename(directory, this.directory(diffId))
    } catch (error) {
      if (!files.hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
      await files.removeTree(directory) // another build of the same layer was first
    }
    await files.syncPath(this.#paths.layers)
  }
}

const whiteoutPrefix = '.wh.'
const opaqueMarker = '.wh..wh..opq'

async function unpackLayer(archive: string, target: string): Promise<void> {
  await runCommand([
    ...(['tar', '--extract', `--file=${archive}`, `--directory=${target}`, '--numeric-owner', '--same-owner'] as const),
    ...['--same-permissions', '--xattrs', '--xattrs-include=security.capability', '--delay-directory-restore'],
  ])
  await restoreWhiteouts(target)
}

/** Makes of OCI's marker files what overlayfs understands. */
async function restoreWhiteouts(root: string): Promise<void> {
  for (const { path } of await listTree(root)) {
    const slash = path.lastIndexOf('/')
    const parent = join(root, path.slice(0, Math.max(0, slash)))
    const name = path.slice(slash + 1)
    if (!name.startsWith(whiteoutPrefix)) continue
    const { mtimeMs } = await files.lstat(parent)
    await files.unlink(join(root, path))
    if (name === opaqueMarker) await runCommand(['setfattr', '-n', opaqueAttribute, '-v', 'y', parent])
    else await runCommand(['mknod', '-m', '0', join(parent, name.slice(whiteoutPrefix.length)), 'c', '0', '0'])
    await files.lutimes(parent, mtimeMs / 1000, mtimeMs / 1000)
  }
}
