import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { architectures } from '../../src/image/manifest.ts'
import { encodeHeader, endOfArchive, paddingFor, type TarEntry } from '../../src/image/tar.ts'

/** Images made by the tests themselves, byte for byte, as an OCI layout that skopeo can push. */

export type Entry = Partial<TarEntry> & Pick<TarEntry, 'path'> & { readonly content?: string | Buffer }

export interface MadeLayer {
  readonly entries: readonly Entry[]
  readonly compression?: 'gzip' | 'zstd'
  readonly mediaType?: string
}

export interface MadeImage {
  readonly layers: readonly MadeLayer[]
  readonly config?: object
  readonly created?: string
  /** Inside a list, beside one for another processor. */
  readonly isListed?: boolean
  readonly architecture?: string
}

const oci = 'application/vnd.oci.image'
const ownArchitecture = architectures[process.arch] ?? ''

export function tarOf(entries: readonly Entry[]): Buffer {
  const plain = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 1_500_000_000 } as const
  const blocks = entries.flatMap(({ content = '', ...entry }) => {
    const bytes = Buffer.from(content)
    return [encodeHeader({ ...plain, ...entry, size: bytes.length }), bytes, paddingFor(bytes.length)]
  })
  return Buffer.concat([...blocks, endOfArchive])
}

/** Programs of this host with their libraries, at the places where they are here. */
export async function programs(...paths: string[]): Promise<Entry[]> {
  const libraries = paths.flatMap((path) =>
    execFileSync('ldd', [path], { encoding: 'utf8' })
      .split('\n')
      .flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []),
  )
  const entries = new Map<string, Entry>()
  for (const path of [...paths, ...libraries]) {
    const name = path.slice(1)
    entries.set(name, { path: name, mode: 0o755, content: await readFile(await realpath(path)) })
  }
  return [...entries.values()]
}

/** Writes an image as the layout `directory`, with the name `made`. */
export async function writeLayout(directory: string, image: MadeImage): Promise<void> {
  const put = async (content: Buffer | object) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))
    const hex = createHash('sha256').update(bytes).digest('hex')
    const path = join(directory, 'blobs/sha256', hex)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
    return { digest: `sha256:${hex}`, size: bytes.length }
  }
  const manifest = await putManifest(put, image)
  const annotations = { 'org.opencontainers.image.ref.name': 'made' }
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] }
  await writeFile(join(directory, 'index.json'), JSON.stringify(index))
}

type Put = (content: Buffer | object) => Promise<{ digest: string; size: number }>

async function putManifest(put: Put, image: MadeImage): Promise<object> {
  const architecture = image.architecture ?? ownArchitecture
  const own = await putOne(put, image, architecture)
  if (image.isListed !== true) return own
  const other = architecture === 'amd64' ? 'arm64' : 'amd64'
  const foreign = await putOne(put, { ...image, layers: [], config: {} }, other)
  const mediaType = `${oci}.index.v1+json`
  const manifests = [
    { ...foreign, platform: { os: 'linux', architecture: other } },
    { ...own, platform: { os: 'linux', architecture } },
  ]
  return { mediaType, ...(await put({ schemaVersion: 2, mediaType, manifests })) }
}

async function putOne(put: Put, image: MadeImage, architecture: string): Promise<object> {
  const layers: object[] = []
  const diffIds: string[] = []
  for (const { entries, compression, mediaType } of image.layers) {
    const tar = tarOf(entries)
    diffIds.push(`sha256:${createHash('sha256').update(tar).digest('hex')}`)
    const packed = compression === 'gzip' ? gzipSync(tar) : compression === 'zstd' ? zstdCompressSync(tar) : tar
    const type = mediaType ?? `${oci}.layer.v1.tar${compression === undefined ? '' : `+${compression}`}`
    layers.push({ mediaType: type, ...(await put(packed)) })
  }
  const { config = {}, created = '2020-06-01T00:00:00Z' } = image
  const rootfs = { type: 'layers', diff_ids: diffIds }
  const described = await put({ architecture, os: 'linux', created, config, rootfs })
  const mediaType = `${oci}.manifest.v1+json`
  const manifest = { schemaVersion: 2, mediaType, config: { mediaType: `${oci}.config.v1+json`, ...described }, layers }
  return { mediaType, ...(await put(manifest)) }
}
