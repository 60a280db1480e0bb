import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { bytesOf, entriesOf, folderWith } from '../../tests/fixtures/folders.ts'
import type { Problem } from '../model/problem.ts'
import { listFolder } from './list-folder.ts'
import { packFolder } from './pack.ts'

describe('packFolder()', () => {
  it('keeps content, links and the executable bit, and nothing else', async () => {
    const folder = folderWith({ 'bin/run': '#!/bin/sh\n', 'data.txt': 'data', empty: '' })
    chmodSync(join(folder, 'bin/run'), 0o4750)
    symlinkSync('../data.txt', join(folder, 'bin/link'))
    const { entries } = await listFolder(folder)
    assert.deepEqual(await entriesOf(packFolder(folder, entries)), [
      { name: 'bin/', type: 'directory', mode: '755', content: '', link: undefined },
      { name: 'bin/link', type: 'symlink', mode: '777', content: '', link: '../data.txt' },
      { name: 'bin/run', type: 'file', mode: '755', content: '#!/bin/sh\n', link: undefined },
      { name: 'data.txt', type: 'file', mode: '644', content: 'data', link: undefined },
      { name: 'empty', type: 'file', mode: '644', content: '', link: undefined },
    ])
  })

  it('gives the same bytes for the same tree, made elsewhere at another time', async () => {
    const files = { b: '2', 'a/c': 'x'.repeat(700_000), [`${'long/'.repeat(40)}name`]: 'deep' }
    const [first, second] = [folderWith(files), folderWith(Object.fromEntries(Object.entries(files).reverse()))]
    utimesSync(join(second, 'b'), 1, 1)
    const [one, two] = await Promise.all(
      [first, second].map(async (folder) => bytesOf(packFolder(folder, (await listFolder(folder)).entries))),
    )
    assert.equal(createHash('sha256').update(one!).digest('hex'), createHash('sha256').update(two!).digest('hex'))
  })

  for (const [how, content] of [
    ['grew', 'longer than before'],
    ['shrank', ''],
  ] as const) {
    it(`refuses a file that ${how} since it was listed, for a time`, async () => {
      const folder = folderWith({ 'a.log': 'before' })
      const { entries } = await listFolder(folder)
      writeFileSync(join(folder, 'a.log'), content)
      await assert.rejects(
        bytesOf(packFolder(folder, entries)),
        (error: Problem) => error.code === 'source-changed' && error.exitCode === 75,
      )
    })
  }

  it('refuses a file that was replaced by a link', async () => {
    const folder = folderWith({ a: 'text' })
    const { entries } = await listFolder(folder)
    rmSync(join(folder, 'a'))
    symlinkSync('/etc/passwd', join(folder, 'a'))
    await assert.rejects(bytesOf(packFolder(folder, entries)), /it changed while it was read/)
  })
})
