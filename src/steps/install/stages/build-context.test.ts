import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { BindMount, CopyAction, RunAction } from '../dockerfile/index.ts'
import { BuildContext } from './build-context.ts'

const context = { kind: 'context' } as const

function copy(pattern: string, more: Partial<CopyAction> = {}): CopyAction {
  const sources = [{ kind: 'files', from: context, pattern, unpack: false }] as const
  return { kind: 'copy', sources, destination: '/app/', exclude: [], parents: false, link: false, ...more }
}

function runWith(mount: Partial<BindMount>): RunAction {
  const bind: BindMount = { kind: 'bind', target: '/src', from: context, source: '/', writable: false, ...mount }
  return { kind: 'run', argv: ['make'], environment: {}, workdir: '/', user: '', network: 'default', mounts: [bind] }
}

describe('a build context', () => {
  let tree: string
  beforeEach(async () => {
    tree = await mkdtemp(join(tmpdir(), 'berth-context-'))
    await mkdir(join(tree, 'src'))
    await writeFile(join(tree, 'src/main.c'), 'main')
    await writeFile(join(tree, 'notes.log'), 'log')
    await symlink('src/main.c', join(tree, 'link'))
  })
  afterEach(() => rm(tree, { recursive: true }))

  const open = () => BuildContext.open(tree, { path: '.dockerignore', text: '*.log\n' })
  const digest = async (action: CopyAction | RunAction) => (await open()).digestOf(action)

  const actions = { 'a COPY': copy('/'), 'a RUN that sees it': runWith({}) }
  for (const [name, action] of Object.entries(actions)) {
    it(`stands for ${name} by content and mode, not by time`, async () => {
      const first = await digest(action)
      await utimes(join(tree, 'src/main.c'), 1, 1)
      assert.equal(await digest(action), first)
      await chmod(join(tree, 'src/main.c'), 0o755)
      const executable = await digest(action)
      assert.notEqual(executable, first)
      await writeFile(join(tree, 'src/main.c'), 'other')
      const other = await digest(action)
      assert.notEqual(other, executable)
      await writeFile(join(tree, 'src/new.c'), '')
      assert.notEqual(await digest(action), other)
    })

    it(`is the same for ${name} whatever is in files that are ignored`, async () => {
      const first = await digest(action)
      await writeFile(join(tree, 'notes.log'), 'more')
      assert.equal(await digest(action), first)
    })
  }

  it('is the same for whoever takes another part of it', async () => {
    const [copied, seen] = [copy('/link'), runWith({ source: '/src' })]
    const before = [await digest(copied), await digest(seen)]
    await writeFile(join(tree, 'elsewhere'), '')
    assert.deepEqual([await digest(copied), await digest(seen)], before)
  })

  it('stands for all of itself where a mount leads through a link', async () => {
    const seen = runWith({ source: '/link' })
    const before = await digest(seen)
    await writeFile(join(tree, 'src/main.c'), 'other')
    assert.notEqual(await digest(seen), before)
  })

  it('is nothing to a command that does not see it', async () => {
    assert.equal(await digest({ ...runWith({}), mounts: [] }), '')
    assert.equal(await digest(runWith({ from: { kind: 'stage', index: 0 } })), '')
  })

  it('is copied without what is ignored, all of it with one time', async () => {
    const target = `${tree}-copy`
    try {
      await (await open()).copyTo(target, 1000)
      assert.deepEqual((await readdir(target)).sort(), ['link', 'src'])
      assert.equal(await readFile(join(target, 'link'), 'utf8'), 'main')
      for (const path of ['', 'src', 'src/main.c']) assert.equal((await stat(join(target, path))).mtimeMs, 1_000_000)
    } finally {
      await rm(target, { recursive: true })
    }
  })
})
