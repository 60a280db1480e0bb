import { crc32 } from 'node:zlib'
import { LoopbackServer } from './proxy.ts'

/** A proxy of Go modules made by hand. */

export interface PublishedModule {
  readonly module: string
  readonly version: string
  /** By path inside of the module; go.mod is made when it is not there. */
  readonly files?: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly time?: string
}

export class GoProxy {
  readonly server = new LoopbackServer()
  readonly #versions = new Map<string, string[]>()

  get url(): string {
    return this.server.origin('modules.example.org')
  }

  clear(): void {
    this.#versions.clear()
    this.server.files.clear()
    this.server.asked.length = 0
  }

  publish({ module, version, files = {}, time = '2020-01-01T00:00:00Z' }: PublishedModule): void {
    const at = `/${escaped(module)}/@v`
    const goMod = files['go.mod'] ?? `module ${module}\n\ngo 1.17\n`
    const whole = Object.entries({ ...files, 'go.mod': goMod })
    const zip = zipOf(whole.map(([path, content]) => [`${module}@${version}/${path}`, content]))
    this.server.files.set(`${at}/${escaped(version)}.info`, JSON.stringify({ Version: version, Time: time }))
    this.server.files.set(`${at}/${escaped(version)}.mod`, goMod)
    this.server.files.set(`${at}/${escaped(version)}.zip`, zip)
    const versions = [...(this.#versions.get(module) ?? []), version]
    this.#versions.set(module, versions)
    this.server.files.set(`${at}/list`, versions.map((known) => `${known}\n`).join(''))
  }

  /** Lets a branch, or `latest`, stand for a version that is published already. */
  point(module: string, name: string, version: string): void {
    const at = `/${escaped(module)}`
    const info = this.server.files.get(`${at}/@v/${escaped(version)}.info`) ?? ''
    this.server.files.set(name === 'latest' ? `${at}/@latest` : `${at}/@v/${name}.info`, info)
  }

  /** Takes the versions out of the list that are commits without a tag, as proxies do. */
  unlist(module: string): void {
    this.server.files.set(`/${escaped(module)}/@v/list`, '')
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
}

/** A zip archive of files that are not compressed. */
export function zipOf(files: readonly (readonly [path: string, content: string])[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, content] of files) {
    const [name, data] = [Buffer.from(path), Buffer.from(content)]
    const local = Buffer.concat([localHeader(name, data), name, data])
    directory.push(centralHeader(name, data, offset), name)
    locals.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  return Buffer.concat([...locals, central, endOfDirectory(files.length, central.length, offset)])
}

/** The part that both headers have: version, flags, method, time and date (1 January 1980), checksum, sizes, lengths. */
function common(name: Buffer, data: Buffer): Buffer {
  const header = Buffer.alloc(26)
  header.writeUInt16LE(20, 0)
  header.writeUInt16LE(0x21, 8)
  header.writeUInt32LE(crc32(data), 10)
  header.writeUInt32LE(data.length, 14)
  header.writeUInt32LE(data.length, 18)
  header.writeUInt16LE(name.length, 22)
  return header
}

function localHeader(name: Buffer, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from('PK\x03\x04'), common(name, data)])
}

function centralHeader(name: Buffer, data: Buffer, offset: number): Buffer {
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(offset, 10)
  return Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common(name, data), rest])
}

function endOfDirectory(entries: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(entries, 8)
  end.writeUInt16LE(entries, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return end
}
