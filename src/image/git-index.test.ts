import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { withoutFileFacts } from './git-index.ts'
import { normaliseTree } from './normalise.ts'

const clean = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' }

function git(directory: string, ...args: string[]): string {
  const person = ['-c', 'user.name=A', '-c', 'user.email=a@example.org']
  return execFileSync('git', ['-C', directory, ...person, ...args], {
    env: clean,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

describe('the index of a working tree', () => {
  let folder: string
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'berth-index-'))))
  after(() => rm(folder, { recursive: true }))

  async function repository(name: string, format: string, version: string): Promise<string> {
    const tree = join(folder, name)
    await mkdir(join(tree, 'src/deep/er'), { recursive: true })
    git(tree, 'init', '--quiet', `--object-format=${format}`)
    git(tree, 'config', 'index.version', version)
    for (const path of ['a', 'empty', 'src/long-name-of-a-file', 'src/deep/er/b', `src/${'x'.repeat(120)}`]) {
      await writeFile(join(tree, path), path === 'empty' ? '' : path)
    }
    git(tree, 'add', '.')
    // An entry with flags that only version 3 has.
    await writeFile(join(tree, 'later'), 'later')
    if (version !== '2') git(tree, 'add', '--intent-to-add', 'later')
    else git(tree, 'add', 'later')
    return tree
  }

  it('says nothing of the size of a directory, which stands for a submodule', async () => {
    const tree = join(folder, 'whole')
    await mkdir(join(tree, 'part'), { recursive: true })
    for (const place of [join(tree, 'part'), tree]) {
      git(place, 'init', '--quiet')
      await writeFile(join(place, 'file'), 'content')
      git(place, 'add', '.')
      git(place, 'commit', '--quiet', '-m', 'first')
    }
    const read = () => readFile(join(tree, '.git/index'))
    git(tree, 'status')
    const before = withoutFileFacts(await read())
    for (let count = 0; count < 200; count += 1)
      await writeFile(join(tree, 'part', `${'long'.repeat(30)}-${count}`), '')
    git(tree, 'update-index', '--refresh')
    assert.deepEqual(withoutFileFacts(await read()), before)
    assert.equal(git(tree, 'status', '--porcelain', '--ignore-submodules=untracked'), '')
  })

  for (const format of ['sha1', 'sha256']) {
    for (const version of ['2', '3', '4']) {
      it(`of version ${version} with ${format} becomes the same at every checkout, and git still understands it`, async () => {
        const tree = await repository(`${format}-${version}`, format, version)
        const before = git(tree, 'ls-files', '--stage')
        const other = `${tree}-copy`
        await cp(tree, other, { recursive: true })
        await utimes(join(other, 'a'), 1000, 1000)
        git(other, 'status')
        const read = (place: string) => readFile(join(place, '.git/index'))
        assert.notDeepEqual(await read(other), await read(tree))
        await normaliseTree(folder, { epoch: 1, times: 'set', takeOwnership: false })
        assert.deepEqual(await read(other), await read(tree))
        assert.deepEqual(withoutFileFacts(await read(tree)), await read(tree))
        assert.equal(git(other, 'ls-files', '--stage'), before)
        git(other, 'commit', '--quiet', '-m', 'all of it')
        git(other, 'add', '.')
        git(other, 'commit', '--quiet', '--allow-empty', '-m', 'later')
        assert.equal(git(other, 'status', '--porcelain'), '')
        await writeFile(join(other, 'a'), 'b')
        assert.equal(git(other, 'status', '--porcelain'), ' M a\n')
      })
    }
  }

  it('is left alone when it is damaged, or of another kind', async () => {
    const whole = await readFile(join(folder, 'sha1-2/.git/index'))
    const damaged = Buffer.from(whole)
    damaged[20] = (damaged[20] ?? 0) ^ 1
    assert.equal(withoutFileFacts(damaged), undefined)
    assert.equal(withoutFileFacts(whole.subarray(0, 100)), undefined)
    assert.equal(withoutFileFacts(Buffer.from('DIRC is how this text begins')), undefined)
    assert.equal(withoutFileFacts(Buffer.alloc(0)), undefined)
  })
})
