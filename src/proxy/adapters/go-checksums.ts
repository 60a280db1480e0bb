import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import * as zip from 'yauzl'
import type { Artifact } from '../../model/lock.ts'
import { messageOf } from '../../model/problem.ts'
import type { BuildAnswer, Shelf } from '../adapter.ts'
import { goText } from './go-answers.ts'
import { isToolchain, type ChecksumRequest } from './go-requests.ts'

/**
 * `go` compares what it downloads with a public database, which a lock cannot hold. For modules it can be told not to,
 * and the lock's own hashes are as good: what was recorded had been compared. Toolchains it uses only if a database
 * vouches for them, so there is one, of a single record that lists the toolchains of the lock. Everything in it is made
 * of the lock, the name and the signatures too: `go` keeps them in its module cache, so builds would differ otherwise.
 *
 * Formats: https://go.dev/design/25530-sumdb, golang.org/x/mod/sumdb/note, RFC 6962 section 2.1.
 */

/** The environment in which `go` asks for what a replay can answer. */
export function goEnvironment(artifacts: readonly Artifact[]): Record<string, string> {
  const toolchains = toolchainsOf(artifacts)
  if (toolchains.length === 0) return { GOSUMDB: 'off' }
  const name = databaseName(toolchains)
  return { GOSUMDB: `${name}+${keyId(name).toString('hex')}+${encodedKey.toString('base64')}`, GONOSUMDB: '*' }
}

function toolchainsOf(artifacts: readonly Artifact[]): Artifact[] {
  const toolchains = artifacts.filter(
    ({ kind, url, ...named }) => kind === 'go' && isToolchain(named) && /\.zip$/.test(url),
  )
  return toolchains.toSorted((one, other) => (`${one.name}@${one.version}` < `${other.name}@${other.version}` ? -1 : 1))
}

/** Another set of toolchains is another database: `go` would not believe that one has changed. */
function databaseName(toolchains: readonly Artifact[]): string {
  const hash = createHash('sha256')
  for (const { name, version, sha256 } of toolchains) hash.update(`${name} ${version} ${sha256}\n`)
  return `lock-${hash.digest('hex').slice(0, 16)}.berth.invalid`
}

/** The database of one lock. */
export class LockedChecksums {
  readonly #toolchains: readonly Artifact[]
  readonly #name: string
  #record: Promise<string> | undefined

  constructor(artifacts: readonly Artifact[]) {
    this.#toolchains = toolchainsOf(artifacts)
    this.#name = databaseName(this.#toolchains)
  }

  async answer({ database, path }: ChecksumRequest, shelf: Shelf): Promise<BuildAnswer> {
    if (database !== this.#name || this.#toolchains.length === 0) return goText(403, otherDatabase(database))
    if (path === 'supported') return goText(200, '')
    const record = await this.#made(shelf)
    const root = createHash('sha256').update('\0').update(record).digest()
    const head = signedHead(this.#name, root)
    if (path === 'latest') return goText(200, head)
    // Whatever is looked for, the one record is where it would be.
    if (path.startsWith('lookup/')) return goText(200, `0\n${record}\n${head}`)
    return path === 'tile/8/0/000.p/1' ? { status: 200, body: root } : goText(404, 'there is one record only\n')
  }

  #made(shelf: Shelf): Promise<string> {
    if (this.#record) return this.#record
    const record = recordOf(this.#toolchains, shelf)
    this.#record = record
    record.catch(() => (this.#record = undefined))
    return record
  }
}

function otherDatabase(name: string): string {
  return `berth: the checksum database ${name} is not replayed; leave GOSUMDB and GONOSUMDB as berth sets them\n`
}

async function recordOf(toolchains: readonly Artifact[], shelf: Shelf): Promise<string> {
  const lines: string[] = []
  for (const artifact of toolchains) {
    const { name, version } = artifact
    const hash = await hashOfZip(await shelf.provide(artifact)).catch((cause: unknown) => {
      const reason = messageOf(cause)
      throw new Error(`${name}@${version} in berth.lock is no Go module: ${reason}`, { cause })
    })
    lines.push(`${name} ${version} ${hash}\n`)
  }
  return lines.join('')
}

/** A tree of one record, whose hash is that of the record. */
function signedHead(name: string, root: Buffer): string {
  const text = `go.sum database tree\n1\n${root.toString('base64')}\n`
  const signature = Buffer.concat([keyId(name), sign(undefined, Buffer.from(text), key)])
  return `${text}\n\u2014 ${name} ${signature.toString('base64')}\n`
}

/**
 * Known to everybody, and of no value: nothing but this proxy can answer a build, and it has compared everything with
 * the lock. The key is the same always because signatures end up in images.
 */
const key: KeyObject = createPrivateKey({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'), // PKCS#8 for Ed25519 (RFC 8410, section 7)
    createHash('sha256').update('berth: what a lock says of toolchains').digest(),
  ]),
  format: 'der',
  type: 'pkcs8',
})

const ed25519 = 1
const encodedKey = Buffer.concat([
  Buffer.from([ed25519]),
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32),
])

function keyId(name: string): Buffer {
  return createHash('sha256').update(`${name}\n`).update(encodedKey).digest().subarray(0, 4)
}

const limits = { entries: 200_000, bytes: 4 * 1024 ** 3 }

/**
 * The hash of a module's files, `h1:BASE64` (golang.org/x/mod/sumdb/dirhash, Hash1).
 * @throws Error when it is no archive, or one of more than 4 GiB
 */
export async function hashOfZip(path: string): Promise<string> {
  const archive = await zip.openPromise(path, { lazyEntries: true })
  const lines: { readonly name: Buffer; readonly hash: string }[] = []
  let bytes = 0
  for await (const entry of archive.eachEntry()) {
    bytes += entry.uncompressedSize
    if (bytes > limits.bytes || lines.length >= limits.entries) throw new Error('the archive is too large for a module')
    const hash = createHash('sha256')
    await pipeline(await archive.openReadStreamPromise(entry), hash)
    lines.push({ name: Buffer.from(entry.fileNameRaw), hash: hash.digest('hex') })
  }
  lines.sort((one, other) => Buffer.compare(one.name, other.name))
  const summary = createHash('sha256')
  for (const { name, hash } of lines) summary.update(`${hash}  `).update(name).update('\n')
  return `h1:${summary.digest('base64')}`
}
