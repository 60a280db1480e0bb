import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { tarballOf } from '../../../tests/adapters/npm-registry.ts'
import { fitsDist, readTarball } from './npm-tarball.ts'

describe('readTarball()', () => {
  let directory: string
  let path: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-npm-tarball-'))
    path = join(directory, 'package.tgz')
  })
  after(() => rm(directory, { recursive: true }))

  const packageJson = '{"name":"x","version":"1.0.0"}'
  const files = { 'lib/package.json': '{"name":"inner"}', 'package.json': packageJson, 'bin/x': '#!/bin/sh\n' }

  it('reads the package and hashes the archive', async () => {
    const content = await tarballOf(files)
    await writeFile(path, content)
    assert.deepEqual(await readTarball(path), {
      fields: { name: 'x', version: '1.0.0' },
      files: ['lib/package.json', 'package.json', 'bin/x'],
      integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
      shasum: createHash('sha1').update(content).digest('hex'),
    })
  })

  const variants = [
    { it: 'takes any folder', content: () => tarballOf(files, 'x-1.0.0') },
    { it: 'takes a folder that is written with a dot', content: () => tarballOf(files, './package') },
    { it: 'takes an archive that is not compressed', content: async () => gunzipSync(await tarballOf(files)) },
    { it: 'takes a byte order mark', content: () => tarballOf({ 'package.json': `\uFEFF${packageJson}` }) },
    {
      it: 'ignores what follows the archive',
      content: async () => Buffer.concat([await tarballOf(files), Buffer.alloc(9)]),
    },
    { it: 'takes the last package.json', content: () => twice(`{"name":"first"}`, packageJson) },
  ]
  for (const { it: name, content } of variants) {
    it(name, async () => {
      await writeFile(path, await content())
      const { fields } = await readTarball(path)
      assert.deepEqual(fields, { name: 'x', version: '1.0.0' })
    })
  }

  const broken: { it: string; content: () => Promise<Buffer> | Buffer; error: RegExp }[] = [
    { it: 'nothing', content: () => Buffer.alloc(0), error: /no package\.json/ },
    { it: 'a page', content: () => Buffer.from('<html>'.repeat(200)), error: /./ },
    {
      it: 'an archive without a package.json',
      content: () => tarballOf({ 'index.js': '' }),
      error: /no package\.json/,
    },
    {
      it: 'a package.json that is no JSON',
      content: () => tarballOf({ 'package.json': '{' }),
      error: /no JSON object/,
    },
    {
      it: 'a package.json that is a list',
      content: () => tarballOf({ 'package.json': '[]' }),
      error: /no JSON object/,
    },
    {
      it: 'a package.json that is too large',
      content: () => tarballOf({ 'package.json': ' '.repeat(9 * 1024 ** 2) }),
      error: /too large/,
    },
    {
      it: 'half of a compressed archive',
      content: async () => (await tarballOf(files)).subarray(0, 100),
      error: /end/,
    },
    {
      it: 'an archive that ends inside a file',
      content: async () =>
        gzipSync(gunzipSync(await tarballOf({ 'package.json': ' '.repeat(5000) })).subarray(0, 1500)),
      error: /end|close/i,
    },
  ]
  for (const { it: name, content, error } of broken) {
    it(`refuses ${name}`, async () => {
      await writeFile(path, await content())
      await assert.rejects(readTarball(path), error)
    })
  }
})

async function twice(first: string, second: string): Promise<Buffer> {
  const archives = [await tarballOf({ 'package.json': first }), await tarballOf({ 'package.json': second })]
  const [one = Buffer.alloc(0), other = Buffer.alloc(0)] = archives.map((archive) => gunzipSync(archive))
  // An archive ends with two blocks of zeros.
  return gzipSync(Buffer.concat([one.subarray(0, -1024), other]))
}

describe('fitsDist()', () => {
  const tarball = { integrity: 'sha512-AAAA', shasum: '00ff' }
  const cases = [
    { dist: { integrity: 'sha512-AAAA' }, fits: true },
    { dist: { integrity: 'sha512-BBBB', shasum: '00ff' }, fits: false },
    { dist: { integrity: 'sha1-eHg= sha512-BBBB sha512-AAAA?option' }, fits: true },
    { dist: { integrity: 'sha1-AP8=' }, fits: true },
    { dist: { integrity: 'sha1-eHg=' }, fits: false },
    { dist: { shasum: '00FF' }, fits: true },
    { dist: { shasum: 'ff00' }, fits: false },
    { dist: { integrity: 'sha256-AAAA' }, fits: undefined },
    { dist: { integrity: 7 }, fits: undefined },
    { dist: {}, fits: undefined },
    { dist: undefined, fits: undefined },
  ]
  for (const { dist, fits } of cases) {
    it(`says ${fits} of ${JSON.stringify(dist)}`, () => assert.equal(fitsDist(tarball, dist), fits))
  }
})
