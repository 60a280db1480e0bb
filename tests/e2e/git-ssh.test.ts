import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathsOf } from '../../src/host/instance.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import { git } from '../adapters/git-server.ts'
import { buildOffline } from './dockerfile-setting.ts'
import { SshServer } from './ssh-server.ts'
import { TestBerth } from './test-berth.ts'

describe('a repository over ssh', { timeout: 900_000 }, () => {
  let berth: TestBerth
  let server: SshServer
  let commit: string
  let given: string[]
  before(async () => {
    berth = await TestBerth.create()
    server = await SshServer.create()
    const key = await server.makeKey('deploy')
    await server.allow('deploy')
    given = ['--set', `BERTH_SSH_KEY=${key}`, '--set', `BERTH_SSH_KNOWN_HOSTS=${await server.knownHosts()}`]
    const tree = await server.repositories.create('x.git')
    commit = await git(tree, ['rev-parse', 'HEAD'])
    await server.publish()
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await berth[Symbol.asyncDispose]()
  })

  it('is cloned by a RUN, locked by its commit, and comes again with no server and no key', async () => {
    const lines = [
      'FROM debian:bookworm-slim',
      'RUN apt-get update && apt-get install -y --no-install-recommends git',
      `RUN git clone ssh://git@${server.address}/~/x.git /srv/x`,
      'CMD ["true"]',
    ]
    const folder = await berth.folder({ Dockerfile: lines.join('\n'), 'berth.toml': 'name = "clone"\n' })
    const { last } = await berth.events('build', folder, ...given)
    assert.ok(last.kind === 'built', JSON.stringify(last) + server.log.join('\n'))
    const { artifacts } = parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
    const [locked, ...others] = artifacts.filter(({ kind }) => kind === 'git')
    assert.deepEqual(others, [])
    assert.equal(locked?.url, `ssh://git@${server.address}/~/x.git`)
    assert.equal(locked.version, commit)

    await server.stop()
    const offline = await buildOffline(pathsOf(berth.instance).blobs, [{ folder, settings: [] }])
    assert.deepEqual(offline.interfaces, ['lo'])
    const again = offline.builds[folder]?.at(-1)
    assert.ok(again?.kind === 'built', JSON.stringify(again))
    assert.equal(again.digest, last.digest)
  })
})
