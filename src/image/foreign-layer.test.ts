import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { Digest } from '../model/names.ts'
import { TarFault } from './foreign-header.ts'
import { unpackForeignLayer, type Compression } from './foreign-layer.ts'
import { encodeHeader, endOfArchive, paddingFor, type TarEntry } from './tar.ts'

type Written = Partial<TarEntry> & Pick<TarEntry, 'path'> & { readonly text?: string }

const plain = {
  type: 'file',
  mode: 0o644,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  mtime: 1000,
} as const

function tarOf(entries: readonly Written[]): Buffer {
  const blocks = entries.flatMap(({ text = '', ...entry }) => {
    const content = Buffer.from(text)
    return [encodeHeader({ ...plain, ...entry, size: content.length }), content, paddingFor(content.length)]
  })
  return Buffer.concat([...blocks, endOfArchive])
}

function digestOf(content: Buffer): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

describe('unpackForeignLayer()', () => {
  let folder: string
  let count = 0
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-foreign-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  interface Given {
    readonly compression?: Compression
    readonly diffId?: Digest
    readonly stored?: Buffer
    readonly largest?: number
  }

  /** Unpacks below a directory that has a neighbour, which nothing may reach. */
  async function unpack(tar: Buffer, { compression = 'none', diffId, stored = tar, largest }: Given = {}) {
    const place = join(folder, String((count += 1)))
    await mkdir(join(place, 'tree'), { recursive: true })
    await mkdir(join(place, 'outside'))
    await writeFile(join(place, 'outside/file'), 'untouched')
    const archive = join(place, 'archive')
    await writeFile(archive, stored)
    const layer = { archive, compression, diffId: diffId ?? digestOf(tar) }
    const signal = AbortSignal.timeout(20_000)
    const devices = await unpackForeignLayer(layer, join(place, 'tree'), {
      signal,
      ...(largest === undefined ? {} : { largest }),
    }).finally(async () => {
      assert.deepEqual((await readdir(place)).sort(), ['archive', 'outside', 'tree'])
      assert.deepEqual(await readdir(join(place, 'outside')), ['file'])
      assert.equal(await readFile(join(place, 'outside/file'), 'utf8'), 'untouched')
    })
    return { tree: join(place, 'tree'), devices }
  }

  const some = tarOf([
    { path: './', type: 'directory', mode: 0o700 },
    { path: './etc/', type: 'directory', mode: 0o750, mtime: 77 },
    { path: './etc/motd', text: 'hello', mode: 0o4755, mtime: 123 },
    { path: 'etc/also', type: 'hardlink', linkTarget: './etc/motd' },
    { path: 'link', type: 'symlink', linkTarget: '/etc/passwd' },
    { path: `${'d'.repeat(90)}/${'f'.repeat(90)}`, text: 'long' },
  ])

  const packed: { it: string; compression: Compression; stored: Buffer }[] = [
    { it: 'unpacks an archive as it is', compression: 'none', stored: some },
    { it: 'unpacks one of gzip', compression: 'gzip', stored: gzipSync(some) },
    {
      it: 'unpacks one of gzip in pieces',
      compression: 'gzip',
      stored: Buffer.concat([gzipSync(some.subarray(0, 700)), gzipSync(some.subarray(700))]),
    },
    { it: 'unpacks one of zstd', compression: 'zstd', stored: zstdCompressSync(some) },
  ]
  for (const { it: name, compression, stored } of packed) {
    it(name, async () => {
      const { tree } = await unpack(some, { compression, stored })
      const motd = await lstat(join(tree, 'etc/motd'))
      assert.equal(await readFile(join(tree, 'etc/motd'), 'utf8'), 'hello')
      assert.equal(motd.mode & 0o7777, 0o755, 'without its set-user bit')
      assert.equal(motd.mtimeMs, 123_000)
      assert.equal((await lstat(join(tree, 'etc/also'))).ino, motd.ino)
      const etc = await lstat(join(tree, 'etc'))
      assert.deepEqual([etc.mode & 0o7777, etc.mtimeMs], [0o750, 77_000])
      assert.equal(await readlink(join(tree, 'link')), '/etc/passwd')
      assert.equal(await readFile(join(tree, 'd'.repeat(90), 'f'.repeat(90)), 'utf8'), 'long')
    })
  }

  for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
    it(`reads what GNU tar writes as ${format}`, async () => {
      const from = join(folder, `gnu-${format}`)
      const name =
        format === 'ustar'
          ? `${'a'.repeat(60)}/${'b'.repeat(60)}`
          : format === 'v7'
            ? 'a'
            : `${'ä'.repeat(60)}/${'b'.repeat(120)}`
      await mkdir(join(from, name), { recursive: true })
      await writeFile(join(from, name, 'file'), 'x'.repeat(5000))
      execFileSync('tar', [`--format=${format}`, '-cf', `${from}.tar`, '-C', from, '.'])
      const { tree } = await unpack(await readFile(`${from}.tar`))
      assert.equal(await readFile(join(tree, name, 'file'), 'utf8'), 'x'.repeat(5000))
    })
  }

  it('takes the later of two entries, whatever the first was', async () => {
    const { tree } = await unpack(
      tarOf([
        { path: 'a/b', text: 'inside' },
        { path: 'a', text: 'now a file' },
        { path: 'c', type: 'symlink', linkTarget: '../outside/file' },
        { path: 'c', text: 'no longer a link' },
        { path: 'd', type: 'symlink', linkTarget: '../outside' },
        { path: 'd/', type: 'directory', mode: 0o755 },
        { path: 'd/e', text: 'in a directory' },
      ]),
    )
    assert.equal(await readFile(join(tree, 'a'), 'utf8'), 'now a file')
    assert.equal(await readFile(join(tree, 'c'), 'utf8'), 'no longer a link')
    assert.equal(await readFile(join(tree, 'd/e'), 'utf8'), 'in a directory')
  })

  it('follows links of the layer inside of it alone', async () => {
    const { tree } = await unpack(
      tarOf([
        { path: 'usr/lib/', type: 'directory', mode: 0o755 },
        { path: 'lib', type: 'symlink', linkTarget: '/usr/lib' },
        { path: 'lib/one', text: 'absolute' },
        { path: 'up', type: 'symlink', linkTarget: '../../../../../outside' },
        { path: 'up/file', text: 'upwards' },
        { path: 'hard', type: 'hardlink', linkTarget: 'up/file' },
      ]),
    )
    assert.equal(await readFile(join(tree, 'usr/lib/one'), 'utf8'), 'absolute')
    assert.equal(await readFile(join(tree, 'outside/file'), 'utf8'), 'upwards')
    assert.equal(await readFile(join(tree, 'hard'), 'utf8'), 'upwards')
  })

  it('leaves devices out, and says how many', async () => {
    const { tree, devices } = await unpack(
      tarOf([
        { path: 'dev/null', type: 'character', device: { major: 1, minor: 3 } },
        { path: 'dev/sda', type: 'block', device: { major: 8, minor: 0 } },
      ]),
    )
    assert.equal(devices, 2)
    assert.deepEqual(await readdir(join(tree, 'dev')), [])
  })

  it('makes named pipes', async () => {
    const { tree } = await unpack(tarOf([{ path: 'pipe', type: 'fifo', mode: 0o620 }]))
    const facts = await lstat(join(tree, 'pipe'))
    assert.deepEqual([facts.isFIFO(), facts.mode & 0o777], [true, 0o620])
  })

  const hostile: { it: string; entries: Written[]; says: RegExp }[] = [
    { it: 'a path upwards', entries: [{ path: '../outside/file', text: 'x' }], says: /leads out/ },
    { it: 'a path upwards in its middle', entries: [{ path: 'a/../../outside/file', text: 'x' }], says: /leads out/ },
    {
      it: 'a hard link upwards',
      entries: [{ path: 'a', type: 'hardlink', linkTarget: '../outside/file' }],
      says: /leads out/,
    },
    {
      it: 'a hard link through a link, which is none inside',
      entries: [
        { path: 'up', type: 'symlink', linkTarget: '../outside' },
        { path: 'a', type: 'hardlink', linkTarget: 'up/file' },
      ],
      says: /no file of the layer/,
    },
    {
      it: 'a hard link to nothing',
      entries: [{ path: 'a', type: 'hardlink', linkTarget: 'b' }],
      says: /no file of the layer/,
    },
    {
      it: 'a hard link in the place of what it is to',
      entries: [
        { path: 'a/b', text: 'x' },
        { path: 'a', type: 'hardlink', linkTarget: 'a/b' },
      ],
      says: /takes the place/,
    },
    {
      it: 'links in a circle',
      entries: [
        { path: 'a', type: 'symlink', linkTarget: 'b' },
        { path: 'b', type: 'symlink', linkTarget: 'a' },
        { path: 'a/x', text: '' },
      ],
      says: /circle/,
    },
    {
      it: 'a file in a file',
      entries: [
        { path: 'a', text: '' },
        { path: 'a/b/c', text: '' },
      ],
      says: /no directory/,
    },
    { it: 'a name that is too long', entries: [{ path: 'n'.repeat(256), text: '' }], says: /too long/ },
    { it: 'a link to nothing', entries: [{ path: 'b', type: 'symlink', linkTarget: '' }], says: /link to nothing/ },
    { it: 'a marker that hides no name', entries: [{ path: 'a/.wh...' }], says: /hides no name/ },
    { it: 'an opaque root', entries: [{ path: '.wh..wh..opq' }], says: /hides everything/ },
    { it: 'a path that is too long', entries: [{ path: `${'x/'.repeat(2200)}y`, text: '' }], says: /too long/ },
  ]
  for (const { it: name, entries, says } of hostile) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(unpack(tarOf(entries)), (error) => error instanceof TarFault && says.test(error.message))
    })
  }

  const file = tarOf([{ path: 'a', text: 'x'.repeat(3000) }])
  const header = file.subarray(0, 512)
  const damaged: { it: string; tar: Buffer; given?: Given; says: RegExp }[] = [
    { it: 'one that is cut off', tar: file.subarray(0, 2000), says: /cut off/ },
    { it: 'a header with a wrong sum', tar: changed(header, 0, 'b'), says: /damaged/ },
    { it: 'one that is none', tar: Buffer.from('<html>'.repeat(200)), says: /damaged/ },
    { it: 'an unknown type', tar: summed(changed(header, 156, 'S')), says: /unknown type "S"/ },
    { it: 'a number that is none', tar: summed(changed(header, 124, '9999')), says: /damaged number/ },
    { it: 'a size below zero', tar: summed(changed(header, 124, '\xff'.repeat(12))), says: /damaged number/ },
    { it: 'a name that is not UTF-8', tar: summed(changed(header, 0, '\xff')), says: /UTF-8/ },
    {
      it: 'an extended header without end',
      tar: summed(changed(changed(header, 156, 'x'), 124, '77777777777')),
      says: /extended header has \d+ bytes/,
    },
    { it: 'an extended header that is none', tar: extended('99 path=x\n'), says: /extended header is damaged/ },
    { it: 'a sparse file', tar: extended('22 GNU.sparse.major=1\n'), says: /sparse/ },
    { it: 'an account that no layer can hold', tar: extended('15 uid=9999999\n'), says: /too large a number/ },
    { it: 'a path with a zero in it', tar: extended('13 path=ab\0c\n'), says: /UTF-8/ },
    {
      it: 'what is not what the image says',
      tar: file,
      given: { diffId: digestOf(Buffer.from('other')) },
      says: /its content is/,
    },
    {
      it: 'damaged compression',
      tar: file,
      given: { compression: 'gzip', stored: gzipSync(file).subarray(0, 40) },
      says: /compression/,
    },
    {
      it: 'another compression',
      tar: file,
      given: { compression: 'zstd', stored: gzipSync(file) },
      says: /compression/,
    },
    {
      it: 'what becomes too large, without writing it',
      tar: file,
      given: { compression: 'gzip', stored: gzipSync(Buffer.alloc(64 * 1024 ** 2)), largest: 1024 ** 2 },
      says: /more than 1 MiB/,
    },
  ]
  for (const { it: name, tar, given, says } of damaged) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(unpack(tar, given), (error) => error instanceof TarFault && says.test(error.message))
    })
  }

  it('ends when it is told to', async () => {
    const archive = join(folder, 'aborted')
    await writeFile(archive, file)
    const tree = join(folder, 'aborted-tree')
    await mkdir(tree)
    const layer = { archive, compression: 'none', diffId: digestOf(file) } as const
    await assert.rejects(unpackForeignLayer(layer, tree, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  })

  function extended(record: string): Buffer {
    const body = Buffer.from(record)
    const carrier = encodeHeader({ ...plain, path: 'x', size: body.length })
    return Buffer.concat([summed(changed(carrier, 156, 'x')), body, paddingFor(body.length), file])
  }
})

function changed(block: Buffer, offset: number, bytes: string): Buffer {
  const copy = Buffer.from(block)
  copy.write(bytes, offset, 'latin1')
  return copy
}

/** A header with the sum that its bytes have. */
function summed(block: Buffer): Buffer {
  const copy = Buffer.from(block)
  copy.fill(' ', 148, 156)
  const sum = copy.reduce((total, byte) => total + byte, 0)
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return copy
}
