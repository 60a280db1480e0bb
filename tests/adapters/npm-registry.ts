import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { LoopbackServer } from './proxy.ts'

/** An npm registry made by hand. */

export interface PackageJson {
  readonly name: string
  readonly version: string
  readonly [field: string]: unknown
}

export interface Publishing {
  /** Beside package.json, by path. */
  readonly files?: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly time?: string
  readonly tags?: readonly string[]
  /** What the registry says differently from the package itself. */
  readonly announced?: Readonly<Record<string, unknown>>
  /** Where the tarball is, when not at the usual place. */
  readonly path?: string
}

/** A gzipped tar archive with everything in `package/`, as `npm pack` makes it. */
export async function tarballOf(files: Readonly<Record<string, string>>, folder = 'package'): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) {
    archive.entry({ name: `${folder}/${name}`, mode: name.startsWith('bin/') ? 0o755 : 0o644 }, content)
  }
  archive.finalize()
  return gzipSync(await buffer(archive))
}

interface Known {
  readonly versions: Record<string, Record<string, unknown>>
  readonly tags: Record<string, string>
  readonly time: Record<string, string>
}

export class NpmRegistry {
  readonly server = new LoopbackServer()
  readonly #packages = new Map<string, Known>()
  /** Whether documents say when a version was published. */
  tellsTimes = true

  async start(): Promise<void> {
    await this.server.start()
  }

  get url(): string {
    return this.server.origin('registry.example.org')
  }

  /** Forgets everything; to be called before each test. */
  clear(): void {
    this.#packages.clear()
    this.server.files.clear()
    this.server.asked.length = 0
    this.tellsTimes = true
    this.server.otherwise = (request, response) => {
      request.resume()
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}')
    }
  }

  async publish(fields: PackageJson, options: Publishing = {}): Promise<void> {
    const { name, version } = fields
    const content = await tarballOf({ ...options.files, 'package.json': JSON.stringify(fields) })
    const path = options.path ?? `/${name}/-/${name.replace(/^@.*\//, '')}-${version}.tgz`
    this.server.files.set(path, content)
    const known = this.#packages.get(name) ?? { versions: {}, tags: {}, time: {} }
    this.#packages.set(name, known)
    known.versions[version] = {
      ...fields,
      dist: {
        tarball: this.url + path,
        shasum: createHash('sha1').update(content).digest('hex'),
        integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
      },
      ...options.announced,
    }
    known.time[version] = options.time ?? '2020-01-01T00:00:00.000Z'
    for (const tag of options.tags ?? ['latest']) known.tags[tag] = version
    this.#write(name, known)
  }

  #write(name: string, { versions, tags, time }: Known): void {
    const document = { _id: name, name, 'dist-tags': tags, versions, ...(this.tellsTimes ? { time } : {}) }
    this.server.files.set(`/${name}`, JSON.stringify(document))
    for (const [version, manifest] of Object.entries(versions)) {
      this.server.files.set(`/${name}/${version}`, JSON.stringify(manifest))
    }
    for (const [tag, version] of Object.entries(tags)) {
      this.server.files.set(`/${name}/${tag}`, JSON.stringify(versions[version]))
    }
  }
}
