import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { HashingFile } from '../../host/hashing-file.ts'
import { canonicalJson, endOfArchive, paddingFor } from '../../image/index.ts'
import {
  BundleHeader,
  bundleFormat,
  headerHashName,
  headerName,
  largestHeader,
  memberPath,
  type BundleMember,
} from '../../model/bundle.ts'
import { hexOf, type Digest } from '../../model/names.ts'
import { bundleArchitecture, bundleNewer } from '../../model/problems/bundle.ts'
import { debianArchitecture } from '../../steps/install/index.ts'
import type { ByteReader } from './byte-reader.ts'
import { entryHeader } from './encode.ts'

/** Reads what encode.ts writes, and that only: each byte that is not of a blob is known beforehand. */

/** A bundle is not what it should be. */
export class Damaged extends Error {}

const blockSize = 512

/** @throws bundleNewer, bundleArchitecture, Damaged */
export async function readHeader(reader: ByteReader, file: string): Promise<BundleHeader> {
  const first = await reader.take(blockSize)
  const size = parseInt(first.toString('latin1', 124, 135), 8)
  if (!first.toString('latin1', 0, 100).startsWith(`${headerName}\0`)) throw new Damaged('it is no bundle of berth')
  if (!(size >= 0 && size <= largestHeader)) throw new Damaged('its header is too large')
  expectSame(first, entryHeader(headerName, size), 'its header')
  const text = await reader.take(size)
  await expectBytes(reader, paddingFor(size), 'its header')
  const hash = Buffer.from(`${createHash('sha256').update(text).digest('hex')}\n`)
  await expectBytes(reader, entryHeader(headerHashName, hash.length), 'its header')
  await expectBytes(reader, hash, 'its header')
  await expectBytes(reader, paddingFor(hash.length), 'its header')
  return parseHeader(text.toString('utf8'), file)
}

function parseHeader(text: string, file: string): BundleHeader {
  const value = parseJson(text)
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined
  if (typeof format === 'number' && format !== bundleFormat) throw bundleNewer({ file, format, known: bundleFormat })
  const header = BundleHeader.safeParse(value).data
  if (!header || `${canonicalJson(header)}\n` !== text) throw new Damaged('its header is not one that berth writes')
  const host = debianArchitecture()
  if (header.architecture !== host) throw bundleArchitecture({ file, bundled: header.architecture, host })
  const digests = header.members.map(({ digest }) => digest)
  if (digests.some((digest, index) => index > 0 && digest <= (digests[index - 1] ?? ''))) {
    throw new Damaged('its header lists members out of order')
  }
  const needed = [
    header.image,
    header.lock,
    header.source,
    ...(header.manifest ? [header.manifest] : []),
    ...header.signatures,
    ...(header.attestations ?? []),
  ]
  const lost = needed.find((digest) => !digests.includes(digest))
  if (lost) throw new Damaged(`${lost} is not in it`)
  return header
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Where members go. */
export interface Staging {
  readonly staging: string
  readonly onBytes: (count: number) => void
}

/** @throws Damaged, WrongLength */
export async function readMember(
  reader: ByteReader,
  { digest, size, what }: BundleMember,
  { staging, onBytes }: Staging,
): Promise<void> {
  await expectBytes(reader, entryHeader(memberPath(digest), size), `${what} (${digest})`)
  const output = await HashingFile.create(join(staging, hexOf(digest)))
  let isWhole = false
  try {
    await reader.pass(size, async (chunk) => {
      await output.write(chunk)
      onBytes(chunk.length)
    })
    const found: Digest = `sha256:${await output.finish()}`
    if (found !== digest) throw new Damaged(`${what} in it has the hash ${found}, not ${digest}`)
    isWhole = true
  } finally {
    if (!isWhole) await output.discard()
  }
  await expectBytes(reader, paddingFor(size), `${what} (${digest})`)
}

/** @throws Damaged, WrongLength */
export async function readEnd(reader: ByteReader): Promise<void> {
  await expectBytes(reader, endOfArchive, 'its end')
  await reader.end()
}

async function expectBytes(reader: ByteReader, expected: Buffer, what: string): Promise<void> {
  expectSame(await reader.take(expected.length), expected, what)
}

function expectSame(found: Buffer, expected: Buffer, what: string): void {
  if (!found.equals(expected)) throw new Damaged(`${what} is not as it was written`)
}
