import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseLock } from '../../src/model/lock-file.ts'
import type { Lock } from '../../src/model/lock.ts'
import { pythonApp } from './apps.ts'
import { TestBerth } from './test-berth.ts'

async function lockIn(folder: string): Promise<Lock> {
  return parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
}

function versionsOf({ artifacts }: Lock, kind: string): Record<string, string> {
  const found = artifacts.filter((artifact) => artifact.kind === kind && artifact.part === undefined)
  return Object.fromEntries(found.map(({ name, version }) => [name, version]))
}

describe('a lock', () => {
  let berth: TestBerth
  before(async () => {
    berth = await TestBerth.create()
  })
  after(() => berth[Symbol.asyncDispose]())

  describe('of an application from 2015', () => {
    let folder: string
    before(async () => {
      folder = await berth.folder('examples/taslug')
    })

    it('holds what pip freeze gave in that year', async () => {
      await berth.ok('lock', folder)
      assert.deepEqual(versionsOf(await lockIn(folder), 'pypi'), {
        flask: '0.10.1',
        gunicorn: '19.3.0',
        itsdangerous: '0.24',
        jinja2: '2.8',
        markupsafe: '0.23',
        werkzeug: '0.11.4',
      })
    })

    it('is all that a deploy needs, which answers as the application did', async () => {
      const before = await readFile(join(folder, 'berth.lock'), 'utf8')
      const { events } = await berth.events('deploy', folder, '--locked', '--set', 'WEBAPP_SECRET=sekrit')
      assert.equal(events.at(-1)?.kind, 'deployed', JSON.stringify(events.at(-1)))
      assert.match((await berth.get('taslug')).text, /Hello TasLUG![^]*The secret is: sekrit/)
      assert.equal(await readFile(join(folder, 'berth.lock'), 'utf8'), before)
    })

    it('goes over to the recipe of this berth, though not with --locked', async () => {
      const file = join(folder, 'berth.lock')
      const before = await readFile(file, 'utf8')
      await writeFile(file, before.replace(/^recipe = \d+$/m, 'recipe = 1'))
      const problem = await berth.problem('build', folder, '--locked')
      assert.equal(problem.code, 'lock-recipe')
      assert.match(await readFile(file, 'utf8'), /^recipe = 1$/m)
      await berth.ok('build', folder)
      assert.equal(await readFile(file, 'utf8'), before)
    })

    it('is refused when the source asks for something else, by the names that differ', async () => {
      const requirements = join(folder, 'requirements.txt')
      await writeFile(requirements, 'Flask==0.10.1\ngunicorn==19.4.0\nblinker==1.4\n')
      const problem = await berth.problem('deploy', folder)
      assert.equal(problem.code, 'lock-drift')
      assert.match(problem.message, /: blinker, gunicorn$|: gunicorn, blinker$/)
      assert.ok(problem.lines?.includes('gunicorn in requirements.txt: ==19.3.0 in the lock, ==19.4.0 now'))
      assert.match((await berth.get('taslug')).text, /Hello TasLUG!/)
    })

    it('moves only what the source asks for', async () => {
      const before = await lockIn(folder)
      const { events } = await berth.events('lock', folder)
      const locked = events.find((event) => event.kind === 'locked')
      assert.deepEqual(
        locked?.changes.map(({ name, from, to }) => [name, from, to]),
        [
          ['blinker', undefined, '1.4'],
          ['gunicorn', '19.3.0', '19.4.0'],
        ],
      )
      const after = await lockIn(folder)
      const without = (lock: Lock) => lock.artifacts.filter(({ name }) => !['blinker', 'gunicorn'].includes(name))
      assert.deepEqual(without(after), without(before))
    })

    it('stays as it is when nothing has changed', async () => {
      const before = await readFile(join(folder, 'berth.lock'), 'utf8')
      await berth.ok('lock', folder)
      assert.equal(await readFile(join(folder, 'berth.lock'), 'utf8'), before)
    })
  })

  it('keeps an open requirement where it is until it is told to move', async () => {
    const folder = await berth.folder(pythonApp({ name: 'mover' }))
    await writeFile(join(folder, 'requirements.txt'), 'itsdangerous\nblinker\n')
    await berth.ok('lock', folder, '--as-of', '2022-01-01')
    const old = versionsOf(await lockIn(folder), 'pypi')
    assert.equal(old['blinker'], '1.4')
    assert.equal(old['itsdangerous'], '2.0.1')
    await berth.ok('lock', folder, '--as-of', '2023-12-31')
    assert.deepEqual(versionsOf(await lockIn(folder), 'pypi'), old)
    await berth.ok('lock', folder, '--update', 'blinker')
    const moved = versionsOf(await lockIn(folder), 'pypi')
    assert.equal(moved['itsdangerous'], '2.0.1')
    assert.equal(moved['blinker'], '1.7.0')
  })

  it('is asked for by --locked', async () => {
    const folder = await berth.folder(pythonApp({ name: 'unlocked' }))
    assert.equal((await berth.problem('deploy', folder, '--locked')).code, 'lock-missing')
    assert.deepEqual(await berth.json('ps').then((apps) => JSON.stringify(apps).includes('unlocked')), false)
  })

  const damaged: { it: string; change: (text: string) => string; says: RegExp }[] = [
    { it: 'cut off', change: (text) => text.slice(0, text.lastIndexOf('[[')), says: /last line/ },
    {
      it: 'in the middle of a merge',
      change: (text) => text.replace('[[deb]]', '<<<<<<< ours\n[[deb]]'),
      says: /merge/,
    },
    { it: 'of a newer berth', change: (text) => text.replace('format = 1', 'format = 9'), says: /newer berth/ },
  ]
  for (const { it: name, change, says } of damaged) {
    it(`that is ${name} is refused, and what serves goes on`, async () => {
      const folder = await berth.folder(pythonApp({ name: 'damaged' }))
      await berth.ok('deploy', folder)
      const path = join(folder, 'berth.lock')
      await writeFile(path, change(await readFile(path, 'utf8')))
      const problem = await berth.problem('deploy', folder)
      assert.match(problem.message, says)
      assert.match(problem.at ?? '', /berth\.lock:\d+$/)
      assert.equal((await berth.get('damaged')).status, 200)
    })
  }

  it('whose hash is another one stops the build, and names the file', async () => {
    const folder = await berth.folder(pythonApp({ name: 'forged' }))
    await writeFile(join(folder, 'requirements.txt'), 'six==1.16.0\n')
    await berth.ok('lock', folder)
    const path = join(folder, 'berth.lock')
    const text = await readFile(path, 'utf8')
    const six = (await lockIn(folder)).artifacts.find(({ name }) => name === 'six')
    assert.ok(six)
    await writeFile(path, text.replace(six.sha256, six.sha256.replace(/^./, six.sha256.startsWith('0') ? '1' : '0')))
    const problem = await berth.problem('build', folder)
    assert.equal(problem.code, 'hash-mismatch', JSON.stringify(problem))
    assert.match(problem.message, /six/)
  })

  it('is needed when an old application meets new libraries: the start fails with its own words and a hint', async () => {
    const folder = await berth.folder(pythonApp({ name: 'aged', text: 'the old release' }))
    await berth.ok('deploy', folder)
    await rm(join(folder, 'berth.lock'))
    const example = await berth.folder('examples/taslug')
    for (const name of ['webapp.py', 'config.py', 'requirements.txt']) {
      await writeFile(join(folder, name), await readFile(join(example, name), 'utf8'))
    }
    await writeFile(
      join(folder, 'berth.toml'),
      'name = "aged"\n[install]\npython = "3.11"\n[start]\ncommand = "venv/bin/gunicorn -b 0.0.0.0:8000 webapp:app"\n',
    )
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'start-failed')
    assert.match(problem.lines?.join('\n') ?? '', /ModuleNotFoundError|ImportError|AttributeError/)
    assert.match(problem.fix, /berth lock --as-of/)
    assert.equal((await berth.get('aged')).text, 'the old release')
  })
})
