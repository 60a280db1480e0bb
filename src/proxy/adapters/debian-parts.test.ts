import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { indexEntry, parseRelease, readPackages } from './debian-control.ts'
import { basesOf, fileAt, packageAt, parseDirectory, placeOf, resolve } from './debian-place.ts'
import { clearText } from './debian-signature.ts'

describe('fileAt()', () => {
  const cases: Record<string, string | undefined> = {
    'd.example/debian/dists/stable/InRelease': 'release',
    'd.example/debian/dists/stable/updates/Release.gpg': 'release',
    'd.example/debian/dists/stable/main/binary-amd64/Release': 'index',
    'd.example/debian/dists/stable/main/binary-amd64/Packages.xz': 'index',
    'd.example/debian/dists/stable/main/i18n/Translation-en.bz2': 'index',
    'd.example/debian/dists/stable/main/Contents-amd64.gz': 'index',
    'd.example/debian/dists/stable/main/dep11/icons-48x48.tar.gz': 'index',
    'd.example/debian/dists/stable/main/by-hash/SHA256/0af1': 'index',
    'd.example/debian/dists/stable/main/binary-amd64/Packages.diff/T-2026-F-2026.gz': 'index',
    'd.example/debian/pool/main/s/shop/shop_1.udeb': 'package',
    'd.example/debian/dists/stable/main/installer-amd64/linux': undefined,
    'd.example/debian/pool/main/s/shop/shop_1.orig.tar.xz': undefined,
    'd.example/deb': undefined,
  }
  for (const [place, kind] of Object.entries(cases)) {
    it(`takes ${place} for ${kind ?? 'nothing of an archive'}`, () => assert.equal(fileAt(place)?.kind, kind))
  }
})

describe('placeOf()', () => {
  it('makes one place of the ways to write a URL', () => {
    const urls = ['http://D.example//debian/./pool/a%2bb%7E1.deb', 'https://d.example/debian/x/../pool/a+b~1.deb']
    assert.deepEqual(
      urls.map((url) => placeOf(new URL(url))),
      Array(2).fill('d.example/debian/pool/a+b~1.deb'),
    )
  })
  it('survives what is no escape', () => assert.equal(placeOf(new URL('http://d.example/a%zz')), 'd.example/a%zz'))
})

describe('parseDirectory()', () => {
  it('tells suites from flat repositories', () => {
    const suite = { kind: 'suite', base: 'd.example/debian/', suite: 'stable/updates' }
    assert.deepEqual(parseDirectory('d.example/debian/dists/stable/updates/'), suite)
    assert.deepEqual(parseDirectory('d.example/flat/'), { kind: 'flat', directory: 'd.example/flat/' })
  })
})

describe('basesOf()', () => {
  it('goes up to the host, and no further', () => {
    assert.deepEqual(basesOf('d.example/a/b/'), ['d.example/a/b/', 'd.example/a/', 'd.example/'])
  })
})

describe('resolve()', () => {
  it('follows a path', () => assert.equal(resolve('d/x/', './pool//a.deb'), 'd/x/pool/a.deb'))
  for (const path of ['../a.deb', 'pool/../../a.deb', '', './']) {
    it(`refuses '${path}'`, () => assert.equal(resolve('d/x/', path), undefined))
  }
})

describe('packageAt()', () => {
  it('reads a file name', () => {
    assert.deepEqual(packageAt('d/shop_1%3a2-3_amd64.deb'), { name: 'shop', version: '1:2-3', architecture: 'amd64' })
    assert.deepEqual(packageAt('d/shop.deb'), { name: 'shop', version: '', architecture: '' })
  })
})

describe('parseRelease()', () => {
  it('reads the strong hashes, and no others', () => {
    const { files, date } = parseRelease(
      'Date: nonsense\nMD5Sum:\n ab 1 x\nSHA256:\n cd 2 x\nSHA512:\n ef 2 x\n 11 3\nEnd: 1\n',
    )
    assert.deepEqual([...files], [['x', { size: 2, sha256: 'cd', sha512: 'ef' }]])
    assert.equal(date, undefined)
  })
})

describe('readPackages()', () => {
  async function read(...chunks: (string | Buffer)[]) {
    const found: string[] = []
    const source = (async function* () {
      for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
    })()
    for await (const { name, fileName } of readPackages(source)) found.push(`${name} ${fileName}`)
    return found
  }
  const entry = (name: string) => `Package: ${name}\nVersion: 1\nFilename: ${name}.deb\nSize: 1\nSHA256: ab\n`

  it('reads entries that are torn anywhere', async () => {
    const text = Buffer.from(`${entry('a')}Description: ü\n Filename: no\n\n${entry('b')}\n\n${entry('c')}`)
    for (let at = 0; at < text.length; at += 1) {
      assert.deepEqual(await read(text.subarray(0, at), text.subarray(at)), ['a a.deb', 'b b.deb', 'c c.deb'])
    }
  })
  it('leaves out what has no file or no hash', async () => {
    assert.deepEqual(await read('Package: a\nVersion: 1\n\n', entry('b').replace('SHA256', 'MD5sum')), [])
  })
  it('gives up on what never ends', async () => {
    await assert.rejects(read(...Array<string>(6).fill('x'.repeat(1024 ** 2))), /without an end/)
  })
})

describe('indexEntry()', () => {
  it('does not let a package say what the archive says', () => {
    const control = 'Package: a\nFilename: evil\n more\nsha256: evil\nDescription: x\n y\n\nPackage: b\n'
    const expected = 'Package: a\nDescription: x\n y\nFilename: good\nSize: 1\n'
    assert.equal(indexEntry(control, { Filename: 'good', Size: 1 }), expected)
  })
})

describe('clearText()', () => {
  const signed = (message: string, before = '', after = '') =>
    Buffer.from(
      `${before}-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${message}` +
        `-----BEGIN PGP SIGNATURE-----\n\nabcd/+=\n=ab\n-----END PGP SIGNATURE-----\n${after}`,
    )
  it('reads what was signed', () => assert.equal(clearText(signed('A: 1\n- -b\n')), 'A: 1\n-b\n'))
  const hostile: Record<string, Buffer> = {
    'text before it': signed('A: 1\n', 'B: 2\n'),
    'text after it': signed('A: 1\n', '', 'B: 2\n'),
    'two messages': Buffer.concat([signed('A: 1\n'), signed('B: 2\n')]),
    'a line that looks like armour': signed('-----BEGIN PGP SIGNED MESSAGE-----\n'),
    'no end': signed('A: 1\n').subarray(0, -10),
    'a page': Buffer.from('<html>'),
    nothing: Buffer.alloc(0),
  }
  for (const [what, file] of Object.entries(hostile)) {
    it(`refuses ${what}`, () => assert.equal(clearText(file), undefined))
  }
})
