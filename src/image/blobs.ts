import { createHash } from 'node:crypto'
import { join } from 'node:path'
import * as files from '../host/files.ts'
import { hashFile, HashingFile } from '../host/hashing-file.ts'
import { pathsOf, type Instance, type Paths } from '../host/instance.ts'
import { hexOf, type Digest } from '../model/names.ts'
import { blobCorrupt } from '../model/problems/install.ts'

/** `blobs/sha256`: every download, archive, configuration and manifest, named by the SHA-256 of its content. */
export class BlobStore {
  readonly #paths: Paths

  constructor(instance: Instance) {
    this.#paths = pathsOf(instance)
  }

  path(digest: Digest): string {
    return join(this.#paths.blobs, hexOf(digest))
  }

  async has(digest: Digest): Promise<boolean> {
    return files.exists(this.path(digest))
  }

  /** Whether a blob is there and is what its name says. */
  async isIntact(digest: Digest): Promise<boolean> {
    return (await this.has(digest)) && (await this.#hashOf(digest)) === digest
  }

  /** Removes a blob; none is no error. */
  async remove(digest: Digest): Promise<void> {
    await files.rm(this.path(digest), { force: true })
  }

  /** Makes the directories; harmless when they are there. */
  async prepare(): Promise<void> {
    for (const path of [this.#paths.blobs, this.#paths.temporary]) await files.mkdir(path, { recursive: true })
  }

  /** A name in the temporary directory that nobody else uses. */
  temporaryPath(purpose: string): string {
    temporaryCounter += 1
    return join(this.#paths.temporary, `${purpose}-${process.pid}-${Date.now().toString(36)}-${temporaryCounter}`)
  }

  /**
   * Stores what `fill` writes. It takes the place of a blob of that name, which may have been damaged since.
   * @param check Sees the digest before the blob gets its name, and throws to refuse it.
   */
  async add(
    fill: (output: HashingFile) => Promise<void>,
    check?: (digest: Digest) => void,
  ): Promise<{ digest: Digest; bytes: number }> {
    await this.prepare()
    const output = await HashingFile.create(this.temporaryPath('blob'))
    try {
      await fill(output)
      const digest: Digest = `sha256:${await output.finish()}`
      check?.(digest)
      await output.moveTo(this.path(digest))
      return { digest, bytes: output.bytes }
    } finally {
      await output.discard()
    }
  }

  async addText(text: string): Promise<{ digest: Digest; bytes: number }> {
    const content = Buffer.from(text)
    const digest: Digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    if (await this.isIntact(digest)) return { digest, bytes: content.length }
    return this.add((output) => output.write(content))
  }

  /**
   * Checks that a blob is still what its name says.
   * @throws blobCorrupt when it is not.
   */
  async verify(digest: Digest): Promise<void> {
    const found = await this.#hashOf(digest)
    if (found !== digest) throw blobCorrupt({ digest, found, path: this.path(digest) })
  }

  /** Reads and checks a small blob. @throws blobCorrupt */
  async readText(digest: Digest): Promise<string | undefined> {
    if (!(await this.has(digest))) return undefined
    await this.verify(digest)
    return files.readText(this.path(digest))
  }

  async #hashOf(digest: Digest): Promise<Digest> {
    return `sha256:${await hashFile(this.path(digest))}`
  }
}
let temporaryCounter = 0
