import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import * as archives from '../adapters/debian-archive.ts'
import type { DownloadServer } from './download-server.ts'

const run = promisify(execFile)

/** A Debian archive of one suite, `own`, on a server of downloads, signed by a key of its own. */
export class OwnArchive implements AsyncDisposable {
  /** Public half, as `signed-by` takes it. */
  readonly publicKey: string
  readonly #server: DownloadServer
  readonly #directory: string
  readonly #key: archives.ArchiveKey

  private constructor(server: DownloadServer, directory: string, key: { pair: archives.ArchiveKey; text: string }) {
    this.#server = server
    this.#directory = directory
    this.#key = key.pair
    this.publicKey = key.text
  }

  static async create(server: DownloadServer): Promise<OwnArchive> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-archive-'))
    const pair = await archives.makeKey(directory, 'archive')
    const { stdout: text } = await run('gpg', ['--homedir', pair.home, '--batch', '--armor', '--export'])
    return new OwnArchive(server, directory, { pair, text })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await archives.forgetKey(this.#key)
    await rm(this.#directory, { recursive: true })
  }

  /**
   * Puts packages, by name and version, at a path of the server, and nothing else.
   * @param date Of the release; RFC 5322.
   */
  async publish(path: string, versions: Readonly<Record<string, string>>, date?: string): Promise<void> {
    const debs = await Promise.all(
      Object.entries(versions).map(([Package, Version]) => archives.makeDeb(this.#directory, { Package, Version })),
    )
    const packages = debs.map((deb) => archives.packagesOf([deb], folderOf(deb))).join('\n')
    const index = `main/binary-${process.arch === 'arm64' ? 'arm64' : 'amd64'}/Packages`
    const fields = { Suite: 'own', Codename: 'own', Components: 'main', Architectures: 'amd64 arm64' }
    const release = archives.releaseOf(
      { ...fields, ...(date === undefined ? {} : { Date: date }) },
      { [index]: packages },
    )
    const root = join(this.#server.folder, path)
    await rm(root, { recursive: true, force: true })
    const files: Record<string, string | Buffer> = {
      [`dists/own/${index}`]: packages,
      'dists/own/InRelease': await archives.sign(release, this.#key, 'clear'),
    }
    for (const { fileName, content } of debs) files[folderOf({ fileName }) + fileName] = content
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      await writeFile(join(root, name), content)
    }
  }
}

/** Each source has a folder of its own. */
function folderOf({ fileName }: Pick<archives.TestDeb, 'fileName'>): string {
  const [source = ''] = fileName.split('_')
  return `pool/main/${source.slice(0, 1)}/${source}/`
}
