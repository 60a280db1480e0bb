import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { folderWith } from '../../tests/fixtures/folders.ts'
import type { Problem } from '../model/problem.ts'
import { listFolder } from './list-folder.ts'

async function namesIn(folder: string): Promise<string[]> {
  const { entries } = await listFolder(folder)
  return entries.filter(({ kind }) => kind !== 'folder').map(({ path }) => path)
}

describe('listFolder()', () => {
  const cases = [
    {
      it: 'leaves out what .gitignore names, in the folders inside too',
      files: {
        '.gitignore': '*.log\n/build/\n',
        'a.log': '',
        'x/b.log': '',
        'build/c': '',
        'x/build/d': '',
        'e.py': '',
      },
      expected: ['.gitignore', 'e.py', 'x/build/d'],
    },
    {
      it: 'lets the .gitignore of a deeper folder decide',
      files: {
        '.gitignore': '*.txt\n',
        'x/.gitignore': '!keep.txt\n',
        'x/keep.txt': '',
        'x/y/keep.txt': '',
        'keep.txt': '',
      },
      expected: ['.gitignore', 'x/.gitignore', 'x/keep.txt', 'x/y/keep.txt'],
    },
    {
      it: 'lets .berthignore override .gitignore',
      files: { '.gitignore': 'dist/\n', '.berthignore': '!dist/\ntests/\n', 'dist/app.js': '', 'tests/t.js': '' },
      expected: ['.berthignore', '.gitignore', 'dist/app.js'],
    },
    {
      it: 'takes back nothing inside an ignored folder, as git does',
      files: { '.gitignore': 'data\n!data/keep\n', 'data/keep': '', a: '' },
      expected: ['.gitignore', 'a'],
    },
    {
      it: 'anchors patterns with a slash at their own folder',
      files: { 'x/.gitignore': '/a\nb/c\n', 'x/a': '', 'x/y/a': '', 'x/b/c': '', 'x/y/b/c': '', a: '' },
      expected: ['a', 'x/.gitignore', 'x/y/a', 'x/y/b/c'],
    },
    {
      it: 'leaves out version control and what an install makes anew',
      files: {
        '.git/config': '',
        'x/.git': '',
        'node_modules/a/b': '',
        'x/node_modules/c': '',
        'venv/d': '',
        '.venv/e': '',
        'x/__pycache__/f': '',
        'g.py': '',
      },
      expected: ['g.py'],
    },
    {
      it: 'sorts by bytes',
      files: { é: '', z: '', Z: '', 'a/b': '', 'a-b': '', a1: '' },
      expected: ['Z', 'a-b', 'a/b', 'a1', 'z', 'é'],
    },
  ]
  for (const { it: name, files, expected } of cases) {
    it(name, async () => assert.deepEqual(await namesIn(folderWith(files)), expected))
  }

  it('skips what is no file, folder or link, and says so', async () => {
    const folder = folderWith({ a: '' })
    execFileSync('mkfifo', [join(folder, 'pipe')])
    assert.deepEqual((await listFolder(folder)).skipped, ['pipe'])
  })

  it('refuses a folder that is too big and names its largest part', async () => {
    const folder = folderWith({ 'data/1': 'x'.repeat(600), 'data/2': 'x'.repeat(600), 'app.py': 'x' })
    await assert.rejects(listFolder(folder, { bytes: 1000, entries: 10 }), (error: Problem) => {
      assert.equal(error.code, 'source-too-big')
      assert.match(error.text.fix, /`data`/)
      return true
    })
    await assert.rejects(listFolder(folder, { bytes: 1e9, entries: 2 }), /more than 200,000 files/)
  })

  it('refuses a name that is not UTF-8', async () => {
    const folder = folderWith({})
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]), '')
    await assert.rejects(listFolder(folder), /its name is not UTF-8/)
  })
})
