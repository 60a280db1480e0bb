import { basename, dirname, join, relative } from 'node:path'
import { writeAttributes, type Attributes } from '../host/file-attributes.ts'
import * as files from '../host/files.ts'
import { opaqueAttribute } from '../host/mounts.ts'
import { LinksInCircle, resolveInRoot } from '../host/root-links.ts'
import { makeFifo, makeWhiteouts } from '../host/special-files.ts'
import { shown, TarFault, type TarHeader } from './foreign-header.ts'
import { cleanPath, isKind, linkFile, longestPath } from './foreign-path.ts'
import type { ReadContent } from './foreign-tar.ts'

/** Bounds on what one layer may come to; an account is what seven octal digits of a header can say. */
const limits = { entries: 2_000_000, fifos: 1000, account: 0o7777777 } as const

const whiteoutPrefix = '.wh.'
const opaqueMarker = '.wh..wh..opq'

/**
 * The unpacked tree of a layer that somebody else made, as overlayfs wants it. The paths of a hostile one lead nowhere
 * else: the directory is ours alone, and each path is looked up in it as it is then, with the links that it has, the way
 * a process whose root it is would see it (as Docker does, which changes its root for it).
 */
export class ForeignTree {
  /** Devices and sockets, which no layer of berth has. */
  leftOut = 0
  readonly #root: string
  #entries = 0
  #fifos = 0
  /** Directories of the tree by the path that leads there, until a link may have changed that. */
  readonly #directories = new Map<string, string>()
  /** Set when everything is there: what is written into a directory changes its time. */
  readonly #times = new Map<string, number>()
  readonly #whiteouts = new Set<string>()
  readonly #opaque = new Set<string>()
  readonly #capabilities = new Map<string, Buffer>()

  /** @param root An empty directory. */
  constructor(root: string) {
    this.#root = root
  }

  /** Writes one entry. @throws TarFault */
  async add(header: TarHeader, content: ReadContent): Promise<void> {
    try {
      await this.#add(header, content)
    } catch (error) {
      // What the links of a path come to may be too long, though none of them is.
      if (files.hasCode(error, 'ENAMETOOLONG')) throw new TarFault(`the path ${shown(header.path)} is too long`)
      throw error
    }
  }

  async #add(header: TarHeader, content: ReadContent): Promise<void> {
    this.#entries += 1
    if (this.#entries > limits.entries) throw new TarFault(`it has more than ${limits.entries} entries`)
    if (header.uid > limits.account || header.gid > limits.account) {
      throw new TarFault(
        `${shown(header.path)} belongs to the account ${header.uid}:${header.gid}, which is too large a number`,
      )
    }
    const path = cleanPath(header.path)
    if (path === '') return
    const parent = await this.#directory(dirname(path) === '.' ? '' : dirname(path))
    const name = basename(path)
    if (name.startsWith(whiteoutPrefix)) this.#hide(parent, name)
    else await this.#write(join(parent, name), header, content)
  }

  /** Makes what could not be made before. */
  async finish(): Promise<void> {
    const attributes = new Map<string, Attributes>()
    for (const [path, value] of this.#capabilities) {
      if (await isKind(path, 'file')) attributes.set(path, new Map([['security.capability', value]]))
    }
    const missing: string[] = []
    for (const path of this.#whiteouts) {
      // What the layer has itself is not what it hides below.
      if (await isKind(path, 'directory')) this.#opaque.add(path)
      else if (!(await files.exists(path)) && (await isKind(dirname(path), 'directory'))) missing.push(path)
    }
    await makeWhiteouts(missing)
    for (const path of this.#opaque) {
      if (await isKind(path, 'directory')) attributes.set(path, new Map([[opaqueAttribute, Buffer.from('y')]]))
    }
    await writeAttributes(attributes)
    for (const [path, mtime] of this.#times)
      if (await isKind(path, 'directory')) await files.lutimes(path, mtime, mtime)
  }

  /** The directory that a path leads to, made where it is missing. */
  async #directory(path: string): Promise<string> {
    if (path === '') return this.#root
    const known = this.#directories.get(path)
    if (known !== undefined) return known
    const found = this.#resolve(path)
    const missing: string[] = []
    for (let at = found; !(await files.exists(at)); at = dirname(at)) missing.unshift(at)
    for (const each of missing) await this.#makeDirectory(each)
    if (!(await isKind(found, 'directory')))
      throw new TarFault(`${shown(path)} is no directory, and something is in it`)
    this.#directories.set(path, found)
    return found
  }

  async #makeDirectory(path: string): Promise<void> {
    if (!(await isKind(dirname(path), 'directory'))) {
      throw new TarFault(`${shown(relative(this.#root, dirname(path)))} is no directory, and something is in it`)
    }
    await files.mkdir(path)
    await files.chmod(path, 0o755)
    this.#times.set(path, 0)
  }

  #resolve(path: string): string {
    try {
      return resolveInRoot(this.#root, `/${path}`)
    } catch (error) {
      if (!(error instanceof LinksInCircle)) throw error
      throw new TarFault(`the links of ${shown(path)} lead in a circle`)
    }
  }

  #hide(parent: string, name: string): void {
    if (name === opaqueMarker) {
      // overlayfs knows no opaque root.
      if (parent === this.#root) throw new TarFault('it hides everything below itself at once')
      this.#opaque.add(parent)
    }
    // Older Docker's own notes (aufs) begin like that; they are about nothing in the layer.
    if (name.startsWith(`${whiteoutPrefix}${whiteoutPrefix}`)) return
    const hidden = name.slice(whiteoutPrefix.length)
    if (['', '.', '..'].includes(hidden)) throw new TarFault(`${shown(name)} hides no name`)
    this.#whiteouts.add(join(parent, hidden))
  }

  async #write(path: string, header: TarHeader, content: ReadContent): Promise<void> {
    if (header.type === 'directory') return this.#writeDirectory(path, header)
    if (header.type === 'character' || header.type === 'block') {
      this.leftOut += 1
      return
    }
    const source = header.type === 'hardlink' ? await this.#linked(header) : ''
    if (source === path) return
    await this.#clear(path)
    this.#capabilities.delete(path)
    if (header.type === 'hardlink') return linkFile(source, path)
    if (header.type === 'symlink') await this.#writeLink(path, header)
    else if (header.type === 'fifo') await this.#writeFifo(path)
    else return this.#writeFile(path, header, content)
    await files.lchown(path, header.uid, header.gid)
    if (header.type === 'fifo') await files.chmod(path, header.mode & 0o1777)
    await files.lutimes(path, header.mtime, header.mtime)
  }

  async #writeDirectory(path: string, { mode, uid, gid, mtime }: TarHeader): Promise<void> {
    if (!(await isKind(path, 'directory'))) {
      await this.#clear(path)
      await files.mkdir(path)
    }
    await files.lchown(path, uid, gid)
    await files.chmod(path, mode & 0o1777)
    this.#times.set(path, mtime)
  }

  async #writeFile(
    path: string,
    { mode, uid, gid, mtime, capability }: TarHeader,
    content: ReadContent,
  ): Promise<void> {
    // `wx` writes through nothing that is there.
    const handle = await files.openFile(path, 'wx', 0o600)
    try {
      await content(async (chunk) => {
        await handle.writeFile(chunk)
      })
      if (uid !== 0 || gid !== 0) await handle.chown(uid, gid)
      await handle.chmod(mode & 0o1777)
      await handle.utimes(mtime, mtime)
    } finally {
      await handle.close()
    }
    if (capability) this.#capabilities.set(path, capability)
  }

  async #writeLink(path: string, { linkTarget }: TarHeader): Promise<void> {
    if (linkTarget === '' || Buffer.byteLength(linkTarget) > longestPath) {
      throw new TarFault(`${shown(relative(this.#root, path))} is a link to nothing that can be`)
    }
    await files.symlink(linkTarget, path)
    this.#directories.clear()
  }

  async #writeFifo(path: string): Promise<void> {
    this.#fifos += 1
    if (this.#fifos > limits.fifos) throw new TarFault(`it has more than ${limits.fifos} named pipes`)
    await makeFifo(path)
  }

  /** What a hard link is to. */
  async #linked({ path, linkTarget }: TarHeader): Promise<string> {
    const target = cleanPath(linkTarget)
    const parent = this.#resolve(dirname(target))
    const source = join(parent, basename(target))
    const isThere = target !== '' && (await files.exists(source)) && !(await isKind(source, 'directory'))
    if (!isThere) throw new TarFault(`${shown(path)} is a link to ${shown(linkTarget)}, which is no file of the layer`)
    return source
  }

  /** The later of two entries counts. */
  async #clear(path: string): Promise<void> {
    if (!(await files.exists(path))) return
    await files.removeTree(path)
    this.#directories.clear()
  }
}
