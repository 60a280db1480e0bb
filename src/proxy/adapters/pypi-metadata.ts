import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import * as zip from 'yauzl'
import { createReadStream } from '../../host/files.ts'
import { normaliseName, type FileName } from './pypi-name.ts'

/** The metadata that a package carries in itself (PEP 241 and its successors). */

/** Far above what any description comes to. */
const largestMetadata = 16 * 1024 ** 2
const largestArchive = 256 * 1024 ** 2
const mostEntries = 200_000

/**
 * Reads the file METADATA of a wheel (PEP 427).
 * @returns undefined when it has none of a sensible size
 * @throws Error when it is not a whole zip archive
 */
export function readWheelMetadata(path: string, name: string): Promise<Buffer | undefined> {
  return readZipped(path, (entry) => {
    const [, directory = ''] = /^([^/]+)-[^/-]+\.dist-info\/METADATA$/.exec(entry) ?? []
    return normaliseName(directory) === name
  })
}

/**
 * Which interpreters a package says that it is for, such as `>=3.9`, as indexes show it.
 * @returns undefined when it does not say so, or cannot be read
 */
export async function readRequiresPython(path: string, file: string, name: FileName): Promise<string | undefined> {
  const metadata = await readMetadata(path, file, name).catch(() => undefined)
  // A header ends with the first empty line; behind it is free text.
  const [headers = ''] = metadata?.toString('utf8').split(/\r?\n\r?\n/, 1) ?? []
  return /^Requires-Python:[ \t]*(\S.*?)[ \t]*\r?$/im.exec(headers)?.[1]
}

function readMetadata(path: string, file: string, { type, name }: FileName): Promise<Buffer | undefined> {
  if (type === 'wheel') return readWheelMetadata(path, name)
  if (type === 'egg') return readZipped(path, (entry) => entry === 'EGG-INFO/PKG-INFO')
  if (/\.zip$/i.test(file)) return readZipped(path, isPackageInfo)
  return /\.(?:tar\.gz|tgz)$/i.test(file) ? readFromTar(path) : Promise.resolve(undefined)
}

function isPackageInfo(entry: string): boolean {
  return /^[^/]+\/PKG-INFO$/.test(entry)
}

async function readZipped(path: string, isWanted: (entry: string) => boolean): Promise<Buffer | undefined> {
  const archive = await zip.openPromise(path, { autoClose: false })
  let entries = 0
  try {
    for await (const entry of archive.eachEntry()) {
      if ((entries += 1) > mostEntries) return undefined
      if (isWanted(entry.fileName)) return await readAll(await archive.openReadStreamPromise(entry))
    }
    return undefined
  } finally {
    archive.close()
  }
}

/** Older archives keep it at the beginning, newer ones at the end; what is too large is not searched to its end. */
async function readFromTar(path: string): Promise<Buffer | undefined> {
  const source = createReadStream(path)
  const unpacked = createGunzip()
  const tar = extract()
  for (const stream of [source, unpacked]) stream.once('error', (error: Error) => tar.destroy(error))
  let bytes = 0
  unpacked.on('data', (chunk: Buffer) => {
    if ((bytes += chunk.length) > largestArchive) tar.destroy(new Error('it is too large to be searched'))
  })
  source.pipe(unpacked).pipe(tar)
  try {
    for await (const entry of tar) {
      if (isPackageInfo(entry.header.name)) return await readAll(entry as unknown as Readable)
      entry.resume()
    }
    return undefined
  } finally {
    source.destroy()
    unpacked.destroy()
  }
}

async function readAll(stream: Readable): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    // What a header says of the size is no more than a claim.
    if ((bytes += chunk.length) > largestMetadata) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
