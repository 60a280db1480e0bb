import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppStatus, ReleaseSummary } from '../../src/model/api.ts'
import { startLoad } from './load.ts'
import { eventually, TestBerth } from './test-berth.ts'

/** The story of the README, with the application of 2015. The tests build on each other, in this order. */
describe('berth deploy', () => {
  let berth: TestBerth
  let folder: string

  before(async () => {
    berth = await TestBerth.create()
    folder = await berth.folder('examples/taslug')
  })
  after(() => berth[Symbol.asyncDispose]())

  it('refuses without the secret, exit 1, and nothing has changed', async () => {
    const { exitCode, code, message } = await berth.problem('deploy', folder)
    assert.equal(exitCode, 1)
    assert.equal(code, 'settings-missing')
    assert.equal(message, 'Set the WEBAPP_SECRET env variable')
    assert.deepEqual(await berth.json('ps'), [])
    await requireNothingLeft(berth)
  })

  it('deploys an application of 2015 on Python 2.7', async () => {
    const { code, last } = await berth.events('deploy', folder, '--set', 'WEBAPP_SECRET=sekrit')
    assert.equal(code, 0, JSON.stringify(last))
    assert.ok(last.kind === 'deployed')
    assert.equal(last.release, 'v1')
    assert.match(last.digest, /^sha256:[0-9a-f]{64}$/)
    const { status, text } = await berth.get('taslug')
    assert.equal(status, 200)
    const lines = ['Hello TasLUG!', '', 'From: taslug', 'Listening on port: 80', 'The secret is: sekrit']
    assert.equal(text, `${lines.join('\n')}\n`)
  })

  it('reports the release in the shape that scripts rely on', async () => {
    const status = await berth.json<AppStatus>('status', 'taslug')
    assert.equal(status.app, 'taslug')
    assert.equal(status.release, 'v1')
    assert.match(status.image ?? '', /^sha256:/)
    assert.equal(status.state, 'running')
    assert.equal(status.url, `http://taslug.localhost:${berth.instance.httpPort}/`)
    assert.equal(status.level, 'container')
    const [release] = await berth.json<ReleaseSummary[]>('releases', 'taslug')
    assert.deepEqual(Object.keys(release ?? {}).sort(), ['createdAt', 'current', 'digest', 'kept', 'release', 'source'])
    assert.equal(release?.current, true)
  })

  it('changes nothing when nothing has changed', async () => {
    const { last } = await berth.events('deploy', folder)
    assert.ok(last.kind === 'deployed')
    assert.equal(last.release, 'v1')
    assert.equal(last.changed, false)
  })

  it('replaces one small layer and drops no request when a line is edited', async () => {
    const load = startLoad({
      port: berth.instance.httpPort,
      host: 'taslug.localhost',
      perSecond: 200,
      maximum: 60_000,
    })
    await eventually('the old text is seen', () => Promise.resolve(load.bodies.size > 0))
    // A text that no earlier run has made a layer of.
    const edited = `Hello ${randomUUID()}!`
    await edit(folder, 'Hello TasLUG!', edited)
    const { events, last } = await berth.events('deploy', folder)
    assert.ok(last.kind === 'deployed')
    assert.equal(last.release, 'v2')
    const made = events.filter((event) => event.kind === 'layer' && !event.reused)
    assert.equal(made.length, 1)
    await eventually('the new text is seen', () => Promise.resolve(load.bodies.size > 1))
    await sleep(1500)
    await load.stop()
    assert.deepEqual(load.lost, [])
    assert.ok(load.answered > 100, `only ${load.answered} requests`)
    assert.deepEqual([...load.bodies].map((body) => body.split('\n')[0]).sort(), ['Hello TasLUG!', edited].sort())
  })

  it('ends the old sandbox once it has drained', async () => {
    const processes = async () => (await berth.leftovers()).filter((found) => /^process .*conmon/.test(found)).length
    await eventually('one monitor is left', async () => (await processes()) === 1)
  })

  it('rolls back to the old text without any build, and drops no request', async () => {
    const load = startLoad({ port: berth.instance.httpPort, host: 'taslug.localhost', perSecond: 100, maximum: 6000 })
    const { events, last } = await berth.events('rollback', 'taslug')
    assert.ok(last.kind === 'deployed')
    assert.equal(last.release, 'v1')
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'step-started' ? [event.step] : [])),
      ['start'],
    )
    assert.match((await berth.get('taslug')).text, /^Hello TasLUG!/)
    await sleep(500)
    await load.stop()
    assert.deepEqual(load.lost, [])
  })

  it('shows the secret nowhere but in the sandbox', async () => {
    const texts = await Promise.all(
      [['status', 'taslug'], ['releases', 'taslug'], ['config', 'list', 'taslug'], ['ps']].map((args) =>
        berth.run([...args, '--json']),
      ),
    )
    for (const { stdout, stderr } of texts) assert.equal(`${stdout}${stderr}`.includes('sekrit'), false)
    assert.equal((await berth.daemonLog()).includes('sekrit'), false)
    assert.equal((await readFile(join(berth.home, 'state.db'))).includes('sekrit'), false)
  })

  it('serves on when the daemon is killed, and the next command finds everything', async () => {
    await berth.killDaemon()
    assert.equal((await berth.get('taslug')).status, 200)
    const status = await berth.json<AppStatus>('status', 'taslug')
    assert.equal(status.state, 'running')
    assert.equal(status.release, 'v1')
    await appendFile(join(folder, 'webapp.py'), '\n# after the daemon was killed\n')
    const { last } = await berth.events('deploy', folder)
    assert.ok(last.kind === 'deployed')
    assert.equal(last.release, 'v3')
  })

  it('drops no request by restart', async () => {
    const load = startLoad({ port: berth.instance.httpPort, host: 'taslug.localhost', perSecond: 100, maximum: 6000 })
    await berth.ok('restart', 'taslug')
    await sleep(500)
    await eventually('requests are answered', () => Promise.resolve(load.answered > 20))
    await load.stop()
    assert.deepEqual(load.lost, [])
  })

  it('is taken away without a trace', async () => {
    await berth.ok('destroy', 'taslug', '--yes')
    assert.deepEqual(await berth.json('ps'), [])
    assert.equal((await berth.get('taslug')).status, 404)
    await requireNothingLeft(berth)
  })
})

/** The daemon and the front stay while a test goes on; nothing else may, but for programs that the daemon runs just now. */
async function requireNothingLeft(berth: TestBerth): Promise<void> {
  const left = async () =>
    (await berth.leftovers()).filter((line) => !/^process .*( serve|caddy|dnsmasq)/.test(line)).join('\n')
  await eventually('nothing is left', async () => (await left()) === '').catch(async () =>
    assert.equal(await left(), ''),
  )
}

async function edit(folder: string, from: string, to: string): Promise<void> {
  const path = join(folder, 'webapp.py')
  const text = await readFile(path, 'utf8')
  assert.ok(text.includes(from))
  await writeFile(path, text.replace(from, to))
}
