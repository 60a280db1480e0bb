import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { pathsOf } from '../../src/host/instance.ts'
import type { AppStatus } from '../../src/model/api.ts'
import type { Event } from '../../src/model/events.ts'
import { pythonApp, type PythonApp } from './apps.ts'
import { eventually, repository, TestBerth } from './test-berth.ts'

const run = promisify(execFile)

/** Each of these ends the same way: the old release serves, the operator knows why, and nothing is left behind. */
describe('a deploy that fails leaves the old release serving:', () => {
  let berth: TestBerth
  let folder: string
  let quiet: string[]

  before(async () => {
    berth = await TestBerth.create()
    folder = await berth.folder(pythonApp({ name: 'shop', text: 'version one' }))
    await berth.ok('deploy', folder)
    quiet = await settled()
  })
  after(() => berth[Symbol.asyncDispose]())
  beforeEach(() => change({ text: 'version one' }))

  /** What is on the host while just the one application runs: what comes and goes is not the same for ten looks on end. */
  async function settled(): Promise<string[]> {
    const names = async () => (await berth.leftovers()).map((line) => line.replaceAll(/[0-9]+/g, 'N')).sort()
    let before = await names()
    let same = 0
    await eventually('the host has settled', async () => {
      const now = await names()
      same = now.join() === before.join() ? same + 1 : 0
      before = now
      return same >= 10
    })
    return before
  }

  async function change(app: Partial<PythonApp>): Promise<void> {
    for (const [name, text] of Object.entries(pythonApp({ name: 'shop', ...app })))
      await writeFile(join(folder, name), text)
  }

  async function unharmed(): Promise<void> {
    assert.deepEqual(await berth.get('shop'), { status: 200, text: 'version one' })
    const status = await berth.json<AppStatus>('status', 'shop')
    assert.equal(status.release, 'v1')
    assert.equal(status.state, 'running')
    assert.equal((await berth.json<unknown[]>('releases', 'shop')).length, 1)
    await eventually('nothing is left behind', async () => (await settled()).join('\n') === quiet.join('\n')).catch(
      async () => assert.deepEqual(await settled(), quiet),
    )
    const temporary = () => readdir(pathsOf(berth.instance).temporary)
    await eventually('no unfinished work is left', async () => (await temporary()).length === 0).catch(async () =>
      assert.deepEqual(await temporary(), []),
    )
  }

  it('a build that fails', async () => {
    await change({ text: 'two' })
    const lock = await readFile(join(folder, 'berth.lock'), 'utf8')
    await rm(join(folder, 'berth.lock'))
    await writeFile(join(folder, 'requirements.txt'), 'no-such-package-of-anybody==1.0\n')
    const problem = await berth.problem('deploy', folder)
    await writeFile(join(folder, 'berth.lock'), lock)
    assert.equal(problem.code, 'build-failed')
    assert.match((problem.lines ?? []).join('\n'), /no-such-package-of-anybody/)
    await unharmed()
  })

  it('a health check that fails', async () => {
    await change({ text: 'two', start: 'health = "/nowhere"\nhealth_timeout = 10' })
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'start-unhealthy')
    assert.match(problem.message, /answered 404; v1 still serves/)
    assert.match((problem.lines ?? []).join('\n'), /serving on 8000/)
    await unharmed()
  })

  it('an application that listens where nobody can reach it', async () => {
    const code = "http.server.ThreadingHTTPServer(('127.0.0.1', 8000), Page).serve_forever()"
    await change({ code, start: 'health_timeout = 1' })
    const problem = await berth.problem('deploy', folder)
    assert.match(problem.message, /connection refused/)
    assert.match(problem.fix, /0\.0\.0\.0/)
    await unharmed()
  })

  it('an application that exits at once', async () => {
    await change({ code: "print('I cannot go on'); sys.exit(3)" })
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'start-failed')
    assert.match(problem.message, /exit code 3/)
    assert.deepEqual(problem.lines, ['I cannot go on'])
    await unharmed()
  })

  it('an application that dies of its first request', async () => {
    await change({ code: "def dying(self):\n    self.answer(200, 'last words')\n    os._exit(5)\nPage.do_GET = dying" })
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'start-failed')
    assert.match(problem.message, /exit code 5.*v1 still serves/)
    await unharmed()
  })

  it('an application that needs more memory than it has', async () => {
    await change({ code: 'hog = bytearray(200 * 1024 * 1024)', manifest: '[isolation]\nmemory = "64M"' })
    const problem = await berth.problem('deploy', folder)
    assert.match(problem.message, /SIGKILL, out of memory/)
    await unharmed()
  })

  it('an initialisation that fails', async () => {
    await change({ manifest: '[initialise]\nrun = ["echo migrating; exit 9"]' })
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'initialise-failed')
    assert.match(problem.message, /exit code 9; v1 still serves/)
    assert.deepEqual(problem.lines, ['migrating'])
    await unharmed()
  })

  it('a manifest with a misspelt key', async () => {
    await change({ start: 'prot = 80' })
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'manifest-invalid')
    assert.match(problem.fix, /`port`/)
    await unharmed()
  })

  it('a second deploy at the same time', async () => {
    await change({ text: 'version one', manifest: '[initialise]\nrun = ["sleep 20; exit 1"]' })
    const first = berth.problem('deploy', folder)
    await eventually('the first deploy is under way', async () => {
      const status = await berth.json<AppStatus>('status', 'shop')
      return status.lastDeployment?.state === 'running'
    })
    const second = await berth.problem('deploy', folder)
    assert.equal(second.code, 'app-is-busy')
    assert.equal(second.exitCode, 75)
    assert.equal((await first).code, 'initialise-failed')
    await unharmed()
  })

  it('a command that is interrupted', async () => {
    await change({ manifest: '[initialise]\nrun = ["sleep 30"]' })
    const child = spawn(join(repository, 'berth'), ['deploy', folder, '--json'], {
      env: berth.environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as Event
      if (event.kind === 'step-started' && event.step === 'initialise') child.kill('SIGINT')
    }
    await eventually('the deploy has been cancelled', async () => {
      const status = await berth.json<AppStatus>('status', 'shop')
      return status.lastDeployment?.state === 'failed'
    })
    await unharmed()
  })

  for (const step of ['retrieve', 'install', 'configure', 'initialise', 'start'] as const) {
    it(`kill -9 of the daemon at the step ${step}`, async () => {
      // So slow that each step is still under way when the daemon is killed, however late that comes.
      const [code, manifest] = ['time.sleep(20)', '[initialise]\nrun = ["sleep 1"]']
      await change({ text: `killed at ${step}`, code, manifest })
      const child = spawn(join(repository, 'berth'), ['deploy', folder, '--json'], {
        env: berth.environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let last: Event | undefined
      for await (const line of createInterface({ input: child.stdout })) {
        last = JSON.parse(line) as Event
        if (last.kind === 'step-started' && last.step === step) await berth.killDaemon()
      }
      assert.equal(last?.kind, 'problem')
      assert.equal((await berth.get('shop')).status, 200)
      await unharmed()
    })
  }

  it('a full disk', async () => {
    const full = await TestBerth.create()
    try {
      const small = pathsOf(full.instance).temporary
      await run('mkdir', ['-p', small])
      const app = await full.folder(pythonApp({ name: 'shop', text: 'version one' }))
      await full.ok('deploy', app)
      // The daemon makes its folder for unfinished work anew when it starts; from here on that is a small disk.
      await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'small', small])
      await writeFile(join(app, 'large.bin'), Buffer.alloc(1024 * 1024))
      const problem = await full.problem('deploy', app)
      assert.equal(problem.code, 'disk-full')
      assert.equal(problem.exitCode, 75)
      assert.match(problem.fix, /berth gc/)
      assert.deepEqual(await full.get('shop'), { status: 200, text: 'version one' })
      const isAway = () =>
        run('umount', [small]).then(
          () => true,
          () => false,
        )
      await eventually('nobody has a file of the small disk open', isAway)
      const { last } = await full.events('deploy', app)
      assert.equal(last.kind, 'deployed')
    } finally {
      await full[Symbol.asyncDispose]()
    }
  })
})

describe('a crashed application', () => {
  let berth: TestBerth

  before(async () => {
    berth = await TestBerth.create()
  })
  after(() => berth[Symbol.asyncDispose]())

  it('is started again', async () => {
    await berth.ok('deploy', await berth.folder(pythonApp({ name: 'shop' })))
    const { sandbox } = await berth.json<AppStatus>('status', 'shop')
    await berth.get('shop', '/crash').catch(() => undefined)
    await eventually('it serves again', async () => (await berth.get('shop')).status === 200)
    const status = await berth.json<AppStatus>('status', 'shop')
    assert.notEqual(status.sandbox?.id, sandbox?.id)
    assert.equal(status.trouble?.exit, 'exit code 7')
    assert.match(status.trouble.lines.join('\n'), /crashing as asked/)
  })

  it('is started again although it crashed while no daemon ran', async () => {
    await berth.killDaemon()
    await berth.get('shop', '/crash').catch(() => undefined)
    await berth.json('ps')
    await eventually('it serves again', async () => (await berth.get('shop')).status === 200)
  })

  it('answers again when the front was killed', async () => {
    const killed = (await berth.leftovers()).filter((line) => /^process .*(caddy|dnsmasq)/.test(line))
    assert.ok(killed.length >= 2, killed.join('\n'))
    for (const line of killed) process.kill(Number(line.split(' ')[1]), 'SIGKILL')
    await eventually('it answers', async () => (await berth.get('shop').catch(() => undefined))?.status === 200)
  })

  it('is started again when its monitor is killed', async () => {
    const found = (await berth.leftovers()).find((line) => /^process .*conmon/.test(line))
    assert.ok(found)
    const { sandbox } = await berth.json<AppStatus>('status', 'shop')
    process.kill(Number(found.split(' ')[1]), 'SIGKILL')
    await eventually('another sandbox serves', async () => {
      const status = await berth.json<AppStatus>('status', 'shop')
      return status.state === 'running' && status.sandbox !== undefined && status.sandbox.id !== sandbox?.id
    })
  })

  it('is started again at once while its next release is being made', async () => {
    const next = await berth.folder(pythonApp({ name: 'shop', manifest: '[initialise]\nrun = ["sleep 30"]' }))
    const deploying = berth.events('deploy', next)
    await eventually('the deploy is under way', async () => {
      return (await berth.json<AppStatus>('status', 'shop')).lastDeployment?.state === 'running'
    })
    await berth.get('shop', '/crash').catch(() => undefined)
    await eventually('it serves again', async () => (await berth.get('shop')).status === 200)
    assert.equal((await berth.json<AppStatus>('status', 'shop')).lastDeployment?.state, 'running')
    assert.equal((await deploying).last.kind, 'deployed')
  })

  it('that crashes again and again is reported as a crash loop, with its last lines', async () => {
    // From the first request for it on, so that it has long been deployed by then.
    const [begin, manifest] = ["open('/data/begun', 'w').close()", 'volumes.data = { path = "/data" }']
    const code = [
      'import threading',
      "crash_later = lambda: threading.Timer(1, lambda: (print('again', flush=True), os._exit(4))).start()",
      `PAGES['/begin'] = lambda: (${begin}, crash_later(), 'begun')[-1]`,
      "if os.path.exists('/data/begun'): crash_later()",
    ].join('\n')
    await berth.ok(
      'deploy',
      await berth.folder(pythonApp({ name: 'shop', code, manifest: `[isolation]\n${manifest}` })),
    )
    assert.equal((await berth.get('shop', '/begin')).text, 'begun')
    await eventually(
      'it is a crash loop',
      async () => (await berth.json<AppStatus>('status', 'shop')).state === 'crash-loop',
      90,
    )
    const status = await berth.json<AppStatus>('status', 'shop')
    assert.match(status.trouble?.exit ?? '', /exit code 4/)
    assert.match((status.trouble?.lines ?? []).join('\n'), /again/)
    const shown = await berth.run(['status', 'shop'])
    assert.match(`${shown.stdout}${shown.stderr}`, /crash-loop/)
  })

  it('can be mended by the next deploy', async () => {
    await berth.ok('deploy', await berth.folder(pythonApp({ name: 'shop', text: 'mended' })))
    assert.equal((await berth.get('shop')).text, 'mended')
    assert.equal((await berth.json<AppStatus>('status', 'shop')).state, 'running')
  })
})
