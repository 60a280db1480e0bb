import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { AppStatus } from '../../src/model/api.ts'
import { levelNames } from '../../src/model/levels.ts'
import { startDocker } from '../contract/test-docker.ts'
import { shareMachineParts } from '../contract/test-machines.ts'
import { startLoad } from './load.ts'
import { TestBerth } from './test-berth.ts'

/** One application climbs the ladder: the same files, and another word in the manifest. */
describe('the word for a level', { timeout: 900_000 }, () => {
  let berth: TestBerth
  let folder: string
  let manifest: string
  let docker: AsyncDisposable

  const deployAt = async (level: string, more = '') => {
    await writeFile(join(folder, 'berth.toml'), `${manifest}\n[isolation]\nlevel = "${level}"\n${more}`)
    return berth.events('deploy', folder)
  }

  before(async () => {
    // The daemon finds Docker where this says, so it comes first.
    docker = await startDocker()
    berth = await TestBerth.create()
    await shareMachineParts(berth.home)
    folder = await berth.folder('examples/flask')
    // An emulated machine takes its time to boot.
    manifest = (await readFile(join(folder, 'berth.toml'), 'utf8')).replace('[start]', '[start]\nhealth_timeout = 120')
    const { code, last } = await deployAt('container')
    assert.ok(code === 0 && last.kind === 'deployed', JSON.stringify(last))
  })
  after(async () => {
    await berth[Symbol.asyncDispose]()
    await docker[Symbol.asyncDispose]()
  })

  for (const level of levelNames.filter((name) => name !== 'container')) {
    it(`moves the application to ${level} and drops no request`, async () => {
      const load = startLoad({ port: berth.instance.httpPort, host: 'flask.localhost', perSecond: 20, maximum: 6000 })
      const { code, last } = await deployAt(level)
      await load.stop()
      assert.ok(code === 0 && last.kind === 'deployed', JSON.stringify(last))
      assert.deepEqual(load.lost, [])
      assert.ok(load.answered > 0)
      assert.equal((await berth.json<AppStatus>('status', 'flask')).level, level)
      assert.equal((await berth.get('flask')).status, 200)
    })
  }

  it('brings back the level by a rollback', async () => {
    await deployAt('container')
    const load = startLoad({ port: berth.instance.httpPort, host: 'flask.localhost', perSecond: 20, maximum: 6000 })
    await berth.ok('rollback', 'flask', 'v2')
    await load.stop()
    assert.deepEqual(load.lost, [])
    assert.equal((await berth.json<AppStatus>('status', 'flask')).level, levelNames[0])
  })

  it('is refused with a limit that the level cannot give, by plan and by deploy, and the old release serves', async () => {
    const { last } = await deployAt('chroot', 'memory = "64M"\n')
    assert.ok(last.kind === 'problem' && last.code === 'level-cannot-give', JSON.stringify(last))
    const { stdout } = await berth.run(['plan', folder])
    assert.match(stdout, /`chroot` cannot give `memory`/)
    assert.equal((await berth.get('flask')).status, 200)
  })
})
