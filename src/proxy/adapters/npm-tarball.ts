import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract, type Extract } from 'tar-stream'
import { createReadStream, readStart } from '../../host/files.ts'
import { readChunks } from '../../host/hashing-file.ts'
import { isFields, parseObject, type Fields } from './npm-packument.ts'

/** What a package's tarball says of itself. */
export interface Tarball {
  /** Its package.json. */
  readonly fields: Fields
  /** Paths of its files, without the folder that holds them all. */
  readonly files: readonly string[]
  /** Subresource Integrity, `sha512-BASE64`. */
  readonly integrity: string
  /** SHA-1, hexadecimal. */
  readonly shasum: string
}

const limits = { entries: 200_000, bytes: 4 * 1024 ** 3, packageJsonBytes: 8 * 1024 ** 2 }

/** @throws Error that says what is wrong with it: no archive, cut off, too large, without a package.json. */
export async function readTarball(path: string): Promise<Tarball> {
  const contents = await readContents(path)
  if (contents.packageJson === undefined) throw new Error('it has no package.json')
  const fields = parseObject(contents.packageJson)
  if (!fields) throw new Error('its package.json is no JSON object')
  return { fields, files: contents.files, ...(await hashesOf(path)) }
}

async function hashesOf(path: string): Promise<Pick<Tarball, 'integrity' | 'shasum'>> {
  const [sha512, sha1] = [createHash('sha512'), createHash('sha1')]
  for await (const chunk of readChunks(path)) {
    sha512.update(chunk)
    sha1.update(chunk)
  }
  return { integrity: `sha512-${sha512.digest('base64')}`, shasum: sha1.digest('hex') }
}

interface Contents {
  readonly files: string[]
  packageJson: string | undefined
}

async function readContents(path: string): Promise<Contents> {
  const tar = extract()
  const isCompressed = (await readStart(path, 2)).equals(Buffer.from([0x1f, 0x8b]))
  const file = createReadStream(path)
  const reading = isCompressed ? pipeline(file, createGunzip(), limited, tar) : pipeline(file, limited, tar)
  // An archive that is cut off inside a file leaves that file's stream open for ever; only the reading side fails.
  const cutOff = new Promise<never>((_, reject) => void reading.catch(reject))
  cutOff.catch(() => undefined)
  return Promise.race([collect(tar), cutOff])
}

async function* limited(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > limits.bytes) throw new Error(`it unpacks to more than ${limits.bytes} bytes`)
    yield chunk
  }
}

async function collect(tar: Extract): Promise<Contents> {
  const contents: Contents = { files: [], packageJson: undefined }
  for await (const entry of tar) {
    const { name, type, size } = entry.header
    // Clients take off the first folder, whatever it is called.
    const path = name.replace(/^(?:\.\/)*[^/]*\//, '')
    if (type === 'file') contents.files.push(path)
    if (contents.files.length > limits.entries) throw new Error(`it has more than ${limits.entries} files`)
    if (type === 'file' && path === 'package.json') {
      if (size > limits.packageJsonBytes) throw new Error('its package.json is too large')
      contents.packageJson = await textOf(entry)
    }
    entry.resume()
  }
  return contents
}

async function textOf(entry: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  // tar-stream yields buffers; its types do not say so
  for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Whether content is what a registry's `dist` says.
 * @returns undefined when it says nothing that can be compared
 */
export function fitsDist(
  { integrity, shasum }: Pick<Tarball, 'integrity' | 'shasum'>,
  dist: unknown,
): boolean | undefined {
  if (!isFields(dist)) return undefined
  const known = typeof dist['integrity'] === 'string' ? dist['integrity'].split(/\s+/) : []
  const strong = known.map((hash) => hash.replace(/\?.*$/, '')).filter((hash) => hash.startsWith('sha512-'))
  if (strong.length > 0) return strong.includes(integrity)
  const weak = known
    .filter((hash) => hash.startsWith('sha1-'))
    .map((hash) => Buffer.from(hash.slice(5), 'base64').toString('hex'))
  if (typeof dist['shasum'] === 'string') weak.push(dist['shasum'].toLowerCase())
  return weak.length > 0 ? weak.includes(shasum) : undefined
}
