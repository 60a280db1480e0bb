import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { repository } from './test-berth.ts'

const run = promisify(execFile)

describe('the launcher in a clone', { timeout: 300_000 }, () => {
  let clone: string
  /** A word of the same length as the one before, for `say` to put into a source. */
  const words = ['aaaaaa', 'bbbbbb', 'cccccc', 'dddddd', 'eeeeee', 'ffffff', 'gggggg', 'hhhhhh', 'iiiiii']

  before(async () => {
    clone = await mkdtemp('/var/tmp/berth-clone-')
    const asItIs = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true }
    for (const name of ['berth', 'src', 'scripts', 'package.json', 'package-lock.json']) {
      await cp(join(repository, name), join(clone, name), asItIs)
    }
    await symlink(join(repository, 'node_modules'), join(clone, 'node_modules'))
    const text = await readFile(source(), 'utf8')
    await writeFile(source(), text.replace(/(?<=problem\('folder-missing', \{\n  explain: `)/, 'Word: zzzzzz. '))
  })
  after(() => rm(clone, { recursive: true, force: true }))
  beforeEach(async () => {
    await said() // whatever the test before has left behind, this one begins with what is compiled and fits
    await assertCompiled()
  })

  const source = () => join(clone, 'src/model/problems/client.ts')
  const compiled = () => join(clone, 'dist/cli/main.cjs')
  const stamp = () => join(clone, 'dist/.made-of')

  /** Puts another word into a source, in place. */
  async function say(): Promise<string> {
    const word = words.shift() ?? assert.fail('no word left')
    await writeFile(source(), (await readFile(source(), 'utf8')).replace(/Word: \w+/, `Word: ${word}`))
    return word
  }

  /** The word that the command finds. */
  async function said(): Promise<string | undefined> {
    const { stdout } = await run(join(clone, 'berth'), ['explain', 'folder-missing'], { cwd: clone })
    return /Word:\s+(\w+)/.exec(stdout)?.[1]
  }

  async function assertCompiled(): Promise<void> {
    const { stdout } = await run('sh', [
      '-c',
      'root=$1; . "$root/scripts/which-main"; is_fresh && echo yes',
      '-',
      clone,
    ])
    assert.equal(stdout, 'yes\n')
  }

  it('compiles anew what has changed by a word, although its size and time have not', async () => {
    const { atime, mtime } = await stat(source())
    const word = await say()
    await utimes(source(), atime, mtime)
    assert.equal(await said(), word)
    await assertCompiled()
  })

  it('notices a source that another has taken the place of, were it older', async () => {
    const older = join(clone, 'older.ts')
    await cp(source(), older, { preserveTimestamps: true })
    const word = await say()
    await rename(source(), join(clone, 'newer.ts'))
    await rename(older, source())
    assert.notEqual(await said(), word)
    await rename(join(clone, 'newer.ts'), source())
    assert.equal(await said(), word)
  })

  it('does not use what was cut off', async () => {
    await truncate(compiled(), 100_000)
    assert.ok(await said())
    await assertCompiled()
    await rm(stamp())
    await truncate(compiled(), 0)
    assert.ok(await said())
    await assertCompiled()
  })

  it('runs the sources while one that is not needed cannot be compiled', async () => {
    const broken = join(clone, 'src/daemon/server.ts')
    const text = await readFile(broken, 'utf8')
    await writeFile(broken, `${text}\nconst = \n`)
    const word = await say()
    assert.equal(await said(), word)
    await assert.rejects(assertCompiled())
    await writeFile(broken, text)
    assert.equal(await said(), word)
    await assertCompiled()
  })

  it('gives every one of many commands at once what is there', async () => {
    const word = await say()
    const all = await Promise.all([said(), said(), said(), said()])
    assert.deepEqual(all, [word, word, word, word])
    assert.equal(await said(), word)
    await assertCompiled()
  })

  it('tells why a daemon cannot start, by the compiled daemon as by the sources', async () => {
    const home = join(clone, 'home')
    await mkdir(home)
    await writeFile(join(home, 'state.db'), 'no database'.repeat(1000))
    const env = { ...process.env, BERTH_HOME: home, NO_COLOR: '1' }
    for (const command of [join(clone, 'berth'), process.execPath]) {
      const words = command === process.execPath ? [join(clone, 'src/cli/main.ts'), 'serve'] : ['serve']
      await assert.rejects(run(command, words, { cwd: clone, env, timeout: 60_000 }), (error) => {
        assert.ok(error instanceof Error && 'stderr' in error && 'code' in error)
        assert.match(String(error.stderr), /^error\[state-damaged\]: .*\/home\/state\.db/m)
        assert.equal(error.code, 1)
        return true
      })
    }
    await rm(home, { recursive: true })
  })

  it('runs the sources where the compiler is missing', async () => {
    const word = await say()
    await rm(join(clone, 'node_modules'))
    await run('cp', ['-as', join(repository, 'node_modules'), join(clone, 'node_modules')])
    await rm(join(clone, 'node_modules/esbuild'), { recursive: true })
    assert.equal(await said(), word)
    await rm(join(clone, 'node_modules'), { recursive: true })
    await symlink(join(repository, 'node_modules'), join(clone, 'node_modules'))
  })
})
