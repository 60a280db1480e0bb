import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { AppStatus } from '../../src/model/api.ts'
import type { Event } from '../../src/model/events.ts'
import { OrdinaryUser } from './ordinary-user.ts'
import { eventually, TestBerth } from './test-berth.ts'

/** The tests build on each other, in this order. */
describe('berth as an ordinary user', { timeout: 600_000 }, () => {
  let user: OrdinaryUser
  let folder: string
  let digest: string

  const ask = () =>
    new Promise<string>((resolve, reject) => {
      const asking = request({ port: user.httpPort, headers: { host: 'flask.localhost' } }, (answer) => {
        text(answer).then(resolve, reject)
      })
      asking.once('error', reject).end()
    })

  before(async () => {
    user = await OrdinaryUser.create()
    folder = await user.folder('examples/flask')
  })
  after(() => user[Symbol.asyncDispose]())

  it('deploys an application, on a high port, and tells what is weaker than with root', async () => {
    const { code, stdout, stderr } = await user.berth('deploy', folder, '--json')
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Event
    assert.ok(code === 0 && last.kind === 'deployed', `${stdout}${stderr}`)
    digest = last.digest
    assert.match(stdout, /ordinary user, who may make no control groups/)
    assert.match(await ask(), /^Hello from Flask!/)
    const status = JSON.parse((await user.berth('status', 'flask', '--json')).stdout) as AppStatus
    assert.equal(status.level, 'container')
  })

  it('builds the same image as root does', async () => {
    await using berth = await TestBerth.create()
    const { last } = await berth.events('build', folder)
    assert.ok(last.kind === 'built', JSON.stringify(last))
    assert.equal(last.digest, digest)
  })

  it('runs nothing as root of the host, and the application not as the user either', async () => {
    const processes = await user.processes()
    const daemon = processes.find(({ command }) => command.endsWith(' serve'))
    const workers = processes.filter(({ command }) => command.includes('/app/venv/bin/python'))
    assert.ok(daemon && workers.length > 0, JSON.stringify(processes))
    for (const { uid } of processes) assert.notEqual(uid, 0)
    for (const { uid } of workers) assert.notEqual(uid, daemon.uid)
    const { stdout } = await user.berth('exec', 'flask', '--', 'cat', '/proc/self/status')
    assert.match(stdout, /^Uid:\t10001\t/m)
    assert.match(stdout, /^CapBnd:\t0{16}$/m)
    assert.match(stdout, /^Seccomp:\t2$/m)
  })

  it('serves on when the daemon is killed, and takes the application over with the next command', async () => {
    const [daemon] = (await user.processes()).filter(({ command }) => command.endsWith(' serve'))
    assert.ok(daemon)
    process.kill(daemon.pid, 'SIGKILL')
    assert.match(await ask(), /^Hello from Flask!/)
    const { stdout } = await user.berth('ps')
    assert.match(stdout, /flask +v1 +running/)
    assert.match(await ask(), /^Hello from Flask!/)
  })

  it('refuses limits that it cannot give, and levels that need root', async () => {
    await writeFile(join(folder, 'berth.toml'), 'name = "flask"\n[isolation]\nmemory = "64M"\n')
    const limit = await user.berth('deploy', folder)
    assert.equal(limit.code, 1)
    assert.match(limit.stderr, /level-cannot-give.*`memory`/)
    await writeFile(join(folder, 'berth.toml'), 'name = "flask"\n[isolation]\nlevel = "chroot"\n')
    const level = await user.berth('deploy', folder)
    assert.equal(level.code, 1)
    assert.match(level.stderr, /can be given `container` and no other level/)
    assert.match(await ask(), /^Hello from Flask!/)
  })

  it('takes the application away, and leaves no process of it', async () => {
    const { code, stderr } = await user.berth('destroy', 'flask', '--yes')
    assert.equal(code, 0, stderr)
    await eventually('the end of all workers', async () =>
      (await user.processes()).every(({ command }) => !command.includes('gunicorn')),
    )
  })
})
