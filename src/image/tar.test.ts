import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { extract, type Header } from 'tar-stream'
import { encodeHeader, endOfArchive, paddingFor, type TarEntry } from './tar.ts'

const plain: TarEntry = { path: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 1, size: 0 }

/** Reads headers back with another implementation. */
async function readBack(...archive: Buffer[]): Promise<Header[]> {
  const headers: Header[] = []
  const reader = extract()
  Readable.from(Buffer.concat([...archive, endOfArchive])).pipe(reader)
  for await (const entry of reader) {
    headers.push(entry.header)
    entry.resume()
  }
  return headers
}

describe('encodeHeader()', () => {
  const cases: { it: string; entry: Partial<TarEntry>; blocks: number; gives: Partial<Header> }[] = [
    { it: 'writes one block for a plain file', entry: {}, blocks: 1, gives: { name: 'a', type: 'file', mode: 0o644 } },
    {
      it: 'writes a directory',
      entry: { path: 'd/', type: 'directory', mode: 0o755 },
      blocks: 1,
      gives: { name: 'd/', type: 'directory', mode: 0o755 },
    },
    {
      it: 'writes a link',
      entry: { type: 'symlink', linkTarget: 'b' },
      blocks: 1,
      gives: { type: 'symlink', linkname: 'b' },
    },
    {
      it: 'needs a pax header for a path of more than 100 bytes',
      entry: { path: 'p'.repeat(101) },
      blocks: 3,
      gives: { name: 'p'.repeat(101) },
    },
    { it: 'needs a pax header for a path beyond ASCII', entry: { path: 'Ő' }, blocks: 3, gives: { name: 'Ő' } },
    { it: 'needs none for exactly 100 bytes', entry: { path: 'p'.repeat(100) }, blocks: 1, gives: {} },
    {
      it: 'needs a pax header for a long link target',
      entry: { type: 'symlink', linkTarget: 't'.repeat(300) },
      blocks: 3,
      gives: { linkname: 't'.repeat(300) },
    },
  ]
  for (const { it: name, entry, blocks, gives } of cases) {
    it(name, async () => {
      const header = encodeHeader({ ...plain, ...entry })
      assert.equal(header.length, blocks * 512)
      const [found] = await readBack(header)
      for (const [key, value] of Object.entries(gives)) assert.deepEqual(found?.[key as keyof Header], value)
    })
  }

  it('keeps capabilities, whose value is not text', async () => {
    const value = Buffer.from('0100000200040000000000000000000000000000', 'hex')
    const header = encodeHeader({ ...plain, attributes: new Map([['security.capability', value]]) })
    assert.ok(header.includes(Buffer.concat([Buffer.from('SCHILY.xattr.security.capability='), value])))
    assert.equal((await readBack(header))[0]?.name, 'a')
  })

  it('counts the length of a pax record with itself, also where that adds a digit', () => {
    const text = encodeHeader({ ...plain, path: 'p'.repeat(993) }).toString('latin1', 512)
    const length = parseInt(text, 10)
    assert.equal(text[length - 1], '\n')
    assert.equal(text.slice(0, length), `${length} path=${'p'.repeat(993)}\n`)
  })

  it('writes bytes that never change: format 1', () => {
    const all = Buffer.concat([encodeHeader(plain), encodeHeader({ ...plain, path: 'Ő', mtime: 1_700_000_000 })])
    const digest = createHash('sha256').update(all).digest('hex')
    assert.equal(digest, 'ebb331cdd9f9cc26a7e4899021c830823c02d6ba1c0bbf5e2fffe747a5aae256')
  })
})

describe('paddingFor()', () => {
  for (const [size, padding] of [
    [0, 0],
    [1, 511],
    [512, 0],
    [513, 511],
  ] as const) {
    it(`fills ${size} bytes up with ${padding}`, () => assert.equal(paddingFor(size).length, padding))
  }
})
