import { createHash } from 'node:crypto'
import { crc32, gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

/** Tiny Python packages, made by the tests. */

export interface Package {
  readonly name: string
  readonly version: string
  readonly requires?: readonly string[]
  readonly requiresPython?: string
}

/** A file of an index, and what the index says of it. */
export interface TestFile {
  readonly file: string
  readonly content: Buffer
  readonly uploaded?: string
  readonly yanked?: string | true
  readonly requiresPython?: string
  /** Another than the content has. */
  readonly hashes?: Readonly<Record<string, string>>
  /** Beside the file, as `.metadata`. */
  readonly metadata?: string
}

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

export function metadataText({ name, version, requires = [], requiresPython }: Package): string {
  return [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...requires.map((each) => `Requires-Dist: ${each}`),
    '',
    'Requires-Python: >=99 (this is the description)',
  ].join('\n')
}

/** A pure wheel with one empty module. @param module Content of its one module. */
export function makeWheel(made: Package, module = ''): TestFile {
  const stem = `${made.name.replaceAll(/[-.]/g, '_')}-${made.version}`
  const info = `${stem}.dist-info`
  const moduleName = made.name.replaceAll(/[-.]/g, '_').toLowerCase()
  const content = makeZip({
    [`${moduleName}.py`]: module,
    [`${info}/WHEEL`]:
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n',
    [`${info}/METADATA`]: metadataText(made),
    [`${info}/RECORD`]: [`${moduleName}.py`, `${info}/WHEEL`, `${info}/METADATA`, `${info}/RECORD`]
      .map((path) => `${path},,\n`)
      .join(''),
  })
  const { requiresPython } = made
  return { file: `${stem}-py2.py3-none-any.whl`, content, ...(requiresPython === undefined ? {} : { requiresPython }) }
}

/** A wheel, and what its index says of it. */
export function wheel(name: string, version: string, said: Partial<TestFile> = {}): TestFile {
  const { requiresPython } = said
  return { ...makeWheel({ name, version, ...(requiresPython === undefined ? {} : { requiresPython }) }), ...said }
}

/** A source archive whose wheel is built by `backend`, a package whose module holds `backendModule`. */
export async function makeSdist(made: Package, backend: { name: string; requirement: string }): Promise<TestFile> {
  const stem = `${made.name}-${made.version}`
  const module = backend.name.replaceAll('-', '_')
  const content = await makeTarball({
    [`${stem}/PKG-INFO`]: metadataText(made),
    [`${stem}/pyproject.toml`]: `[build-system]\nrequires = ["${backend.requirement}"]\nbuild-backend = "${module}"\n`,
  })
  return { file: `${stem}.tar.gz`, content }
}

/** A build backend (PEP 517): the wheel of an archive is the archive's metadata. */
export const backendModule = `
import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with open('PKG-INFO') as source: metadata = source.read()
    fields = dict(line.split(': ', 1) for line in metadata.split('\\n\\n')[0].split('\\n'))
    stem = fields['Name'].replace('-', '_') + '-' + fields['Version']
    name = stem + '-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:
        wheel.writestr(stem + '.dist-info/METADATA', metadata)
        wheel.writestr(stem + '.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(stem + '.dist-info/RECORD', '')
    return name
`

export async function makeTarball(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk)
  return gzipSync(Buffer.concat(chunks))
}

/** A zip archive without compression (APPNOTE 4.3). */
export function makeZip(files: Readonly<Record<string, string>>): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [path, text] of Object.entries(files)) {
    const [name, content] = [Buffer.from(path), Buffer.from(text)]
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(0x21, 8)
    fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(content.length, 14)
    fields.writeUInt32LE(content.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const entry = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, content])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, name]))
    local.push(entry)
    offset += entry.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(central.length, 4)
  end.writeUInt16LE(central.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...local, directory, Buffer.from('PK\x05\x06'), end])
}
