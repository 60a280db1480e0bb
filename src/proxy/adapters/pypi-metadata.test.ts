import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { makeTarball, makeWheel, makeZip, metadataText } from '../../../tests/adapters/pypi-packages.ts'
import { readRequiresPython, readWheelMetadata } from './pypi-metadata.ts'
import { parseFileName } from './pypi-name.ts'

describe('metadata of packages', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-pypi-metadata-'))
  })
  after(() => rm(directory, { recursive: true }))

  const made = { name: 'flask', version: '1.0', requiresPython: '>=3.6, <4' }
  const text = metadataText(made)
  async function write(content: Buffer): Promise<string> {
    const path = join(directory, 'file')
    await writeFile(path, content)
    return path
  }

  it('come out of a wheel as they are', async () => {
    const path = await write(makeWheel(made).content)
    assert.equal((await readWheelMetadata(path, 'flask'))?.toString(), text)
    assert.equal(await readWheelMetadata(path, 'django'), undefined)
  })

  const cases: { file: string; content: () => Buffer | Promise<Buffer> }[] = [
    { file: 'flask-1.0-py3-none-any.whl', content: () => makeWheel(made).content },
    { file: 'flask-1.0.tar.gz', content: () => makeTarball({ 'flask-1.0/a': 'a', 'flask-1.0/PKG-INFO': text }) },
    { file: 'flask-1.0.zip', content: () => makeZip({ 'flask-1.0/setup.py': '', 'flask-1.0/PKG-INFO': text }) },
    { file: 'flask-1.0-py2.7.egg', content: () => makeZip({ 'EGG-INFO/PKG-INFO': text }) },
  ]
  for (const { file, content } of cases) {
    it(`say in ${file} for which interpreters it is`, async () => {
      const name = parseFileName(file)
      assert.ok(name)
      assert.equal(await readRequiresPython(await write(await content()), file, name), '>=3.6, <4')
    })
  }

  const zeros = (mebibytes: number) => ({ 'flask-1.0/zeros': '\0'.repeat(mebibytes * 1024 ** 2) })
  const damaged: { it: string; file?: string; content: () => Buffer | Promise<Buffer> }[] = [
    { it: 'an empty file', content: () => Buffer.alloc(0) },
    { it: 'a file that is no archive', content: () => Buffer.from('<html>not found</html>') },
    { it: 'an archive that is cut off', content: () => makeWheel(made).content.subarray(0, 300) },
    { it: 'an archive without metadata', content: () => makeZip({ 'flask.py': '' }) },
    { it: 'metadata of another package', content: () => makeWheel({ ...made, name: 'other' }).content },
    {
      it: 'metadata that are far too large',
      content: () => makeZip({ 'flask-1.0.dist-info/METADATA': `${text}${'x'.repeat(17 * 1024 ** 2)}` }),
    },
    {
      it: 'a tarball that is cut off',
      file: 'flask-1.0.tar.gz',
      content: async () => (await tarball()).subarray(0, 60),
    },
    { it: 'a tarball that is none', file: 'flask-1.0.tar.gz', content: () => gzipSync('hello') },
    {
      it: 'a tarball that grows without end',
      file: 'flask-1.0.tar.gz',
      content: () => makeTarball({ ...zeros(260), 'flask-1.0/PKG-INFO': text }),
    },
    {
      it: 'a kind of tarball that nobody makes any more',
      file: 'flask-1.0.tar.bz2',
      content: () => Buffer.from('BZh'),
    },
  ]
  const tarball = () => makeTarball({ 'flask-1.0/PKG-INFO': text })
  for (const { it: name, file = 'flask-1.0-py3-none-any.whl', content } of damaged) {
    it(`say nothing in ${name}`, async () => {
      const parsed = parseFileName(file)
      assert.ok(parsed)
      assert.equal(await readRequiresPython(await write(await content()), file, parsed), undefined)
    })
  }
})
