import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { isArchive, unpackArchive } from './unpack-archive.ts'

describe('an archive of an ADD', () => {
  let directory: string
  let root: string
  let from: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-unpack-'))
    root = join(directory, 'root')
    from = join(directory, 'from')
    for (const path of [root, from, join(directory, 'outside')]) await mkdir(path)
  })
  afterEach(() => rm(directory, { recursive: true }))

  const pack = (...names: string[]) => {
    const archive = join(directory, 'archive.tar.gz')
    execFileSync('tar', ['--create', '--gzip', '--file', archive, '--directory', from, ...names])
    return archive
  }
  const unpack = (archive: string, destination = '/srv') =>
    unpackArchive({
      ...{ archive, name: 'archive.tar.gz', root, destination },
      staging: join(directory, 'staging'),
      signal: new AbortController().signal,
    })

  it('becomes files with their modes, links and hard links', async () => {
    await mkdir(join(from, 'bin'))
    await writeFile(join(from, 'bin/run'), 'run', { mode: 0o750 })
    execFileSync('ln', [join(from, 'bin/run'), join(from, 'bin/same')])
    await symlink('run', join(from, 'bin/soft'))
    const archive = pack('bin')
    assert.equal(await isArchive(archive), true)
    await unpack(archive)
    const facts = await stat(join(root, 'srv/bin/run'))
    assert.deepEqual([facts.mode & 0o777, facts.nlink], [0o750, 2])
    assert.equal(await readlink(join(root, 'srv/bin/soft')), 'run')
    assert.deepEqual(await readdir(directory), ['archive.tar.gz', 'from', 'outside', 'root'])
  })

  it('stays in the image although the image has links that lead out of it', async () => {
    await mkdir(join(root, 'srv'))
    await symlink(join(directory, 'outside'), join(root, 'srv/way'))
    await mkdir(join(from, 'way'))
    await writeFile(join(from, 'way/passwd'), 'forged')
    await unpack(pack('way/passwd'))
    assert.deepEqual(await readdir(join(directory, 'outside')), [])
    assert.equal(await readFile(join(root, directory, 'outside/passwd'), 'utf8'), 'forged')
  })

  it('stays in the image although it brings such links along', async () => {
    await symlink(join(directory, 'outside'), join(from, 'way'))
    execFileSync('tar', ['--create', '--file', join(directory, 'a.tar'), '--directory', from, 'way'])
    await rm(join(from, 'way'))
    await mkdir(join(from, 'way'))
    await writeFile(join(from, 'way/passwd'), 'forged')
    execFileSync('tar', ['--append', '--file', join(directory, 'a.tar'), '--directory', from, 'way/passwd'])
    await unpack(join(directory, 'a.tar')).catch((error: unknown) => {
      assert.match(String(error), /Cannot put archive\.tar\.gz into the image/)
    })
    assert.deepEqual(await readdir(join(directory, 'outside')), [])
  })

  it('changes directories that are there only when it names them', async () => {
    await mkdir(join(root, 'srv/a'), { recursive: true, mode: 0o700 })
    await mkdir(join(root, 'srv/b'), { mode: 0o700 })
    for (const name of ['a', 'b']) {
      await mkdir(join(from, name), { mode: 0o755 })
      await writeFile(join(from, name, 'file'), '')
    }
    await unpack(pack('a', 'b/file'))
    const modes = await Promise.all(['a', 'b'].map(async (name) => (await stat(join(root, 'srv', name))).mode & 0o777))
    assert.deepEqual(modes, [0o755, 0o700])
  })

  it('is refused when it breaks off', async () => {
    await writeFile(join(from, 'large'), Buffer.alloc(100_000, 'x'))
    const archive = join(directory, 'whole.tar')
    execFileSync('tar', ['--create', '--file', archive, '--directory', from, 'large'])
    await writeFile(join(directory, 'part.tar'), (await readFile(archive)).subarray(0, 50_000))
    await assert.rejects(unpack(join(directory, 'part.tar')), { code: 'source-unusable', message: /EOF|end/i })
  })

  it('is refused when it has a pipe in it', async () => {
    execFileSync('mkfifo', [join(from, 'pipe')])
    await assert.rejects(unpack(pack('pipe')), { code: 'source-unusable', message: /device or a pipe/ })
  })

  it('is none when it is anything else', async () => {
    await writeFile(join(from, 'text.tar'), 'not an archive, but long enough to be looked at\n'.repeat(30))
    await writeFile(join(from, 'empty.tar'), '')
    assert.deepEqual(
      [await isArchive(join(from, 'text.tar')), await isArchive(join(from, 'empty.tar'))],
      [false, false],
    )
  })
})
