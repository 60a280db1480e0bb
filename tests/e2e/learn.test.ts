import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { TestBerth } from './test-berth.ts'

/** The tests build on each other, in this order. */
describe('berth isolation learn', { timeout: 300_000 }, () => {
  let berth: TestBerth
  let folder: string

  before(async () => {
    berth = await TestBerth.create()
    folder = await berth.folder('examples/flask')
    const manifest = await readFile(join(folder, 'berth.toml'), 'utf8')
    await writeFile(join(folder, 'berth.toml'), `${manifest}\n[isolation]\negress = ["192.0.2.1:443"]\n`)
    const { code, last } = await berth.events('deploy', folder)
    assert.equal(code, 0, JSON.stringify(last))
  })
  after(() => berth[Symbol.asyncDispose]())

  it('tries a copy, and writes what it used into the manifest', async () => {
    const { code, last } = await berth.events('isolation', 'learn', 'flask', '--for', '3', '--accept', folder)
    assert.ok(code === 0 && last.kind === 'learned', JSON.stringify(last))
    const { syscalls, allowedNow, used, unused } = last.learned
    for (const name of ['execve', 'accept4', 'listen']) assert.ok(syscalls.includes(name), syscalls.join(' '))
    assert.ok(!syscalls.includes('mkdir') && syscalls.length < allowedNow / 2, syscalls.join(' '))
    assert.deepEqual([used, unused], [[], ['192.0.2.1:443']])
    const text = await readFile(join(folder, 'berth.toml'), 'utf8')
    assert.match(text, /^\[isolation\]\nsyscalls = \[\n {2}"accept4", [^\]]+\]\negress = \[\]\n/m)
    assert.deepEqual(
      (await berth.json<{ app: string }[]>('ps')).map(({ app }) => app),
      ['flask'],
    )
  })

  it('leaves an application that does what it did, and nothing else', async () => {
    const call = [
      'import errno, os',
      'try: os.mkfifo("/tmp/fifo"); print("made")',
      'except OSError as e: print(errno.errorcode[e.errno])',
    ]
    const attempt = async () => (await berth.ok('exec', 'flask', '--', 'python3', '-c', call.join('\n'))).stdout.trim()
    assert.equal(await attempt(), 'made')
    const { code, last } = await berth.events('deploy', folder)
    assert.equal(code, 0, JSON.stringify(last))
    assert.equal((await berth.get('flask')).status, 200)
    assert.equal(await attempt(), 'ENOSYS')
  })

  it('refuses what it cannot learn of, and says why', async () => {
    assert.equal((await berth.problem('isolation', 'learn', 'nobody')).code, 'unknown-app')
    await writeFile(
      join(folder, 'berth.toml'),
      `${await readFile('examples/flask/berth.toml', 'utf8')}\n[isolation]\nlevel = "chroot"\n`,
    )
    await berth.events('deploy', folder)
    const { code, message } = await berth.problem('isolation', 'learn', 'flask')
    assert.equal(code, 'learn-impossible')
    assert.match(message, /at the level chroot/)
  })
})
