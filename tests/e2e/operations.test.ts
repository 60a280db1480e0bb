import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { AppStatus, AppSummary, ConfigEntry, DeployPlan, GcReport, LogLine } from '../../src/model/api.ts'
import { pythonApp } from './apps.ts'
import { eventually, repository as root, TestBerth } from './test-berth.ts'

const run = promisify(execFile)

describe('a deployed application', () => {
  let berth: TestBerth
  let folder: string

  const app = (text: string) =>
    pythonApp({
      name: 'shop',
      text,
      code: `
def visits():
    count = 0
    if os.path.exists('/data/visits'):
        count = int(open('/data/visits').read())
    open('/data/visits', 'w').write(str(count + 1))
    return str(count + 1)

PAGES['/visits'] = visits
PAGES['/greeting'] = lambda: os.environ.get('GREETING', 'unset') + ' ' + os.environ.get('KEY', 'unset')
`,
      manifest: `
[configure.env]
GREETING = { default = "hello" }
WORKERS = { type = "integer", required = false }
KEY = { secret = true, required = false }

[initialise]
run = ["echo initialised as $(id -u) >> /data/initialised"]

[isolation]
volumes.data = { path = "/data" }
`,
    })

  before(async () => {
    berth = await TestBerth.create()
    folder = await berth.folder(app('one'))
  })
  after(() => berth[Symbol.asyncDispose]())

  it('can be planned before it exists, which changes nothing', async () => {
    const plan = await berth.json<DeployPlan>('plan', folder)
    assert.equal(plan.app, 'shop')
    assert.deepEqual(
      plan.steps.map(({ step }) => step),
      ['retrieve', 'install', 'configure', 'initialise', 'start'],
    )
    assert.deepEqual(await berth.json('ps'), [])
  })

  it('keeps what it writes into its volume over a deploy', async () => {
    await berth.ok('deploy', folder)
    assert.equal((await berth.get('shop', '/visits')).text, '1')
    await writeAll(folder, app('two'))
    await berth.ok('deploy', folder)
    assert.equal((await berth.get('shop', '/visits')).text, '2')
  })

  it('was initialised once for each new release, as an unprivileged user', async () => {
    const { stdout } = await berth.ok('exec', 'shop', '--', 'cat', '/data/initialised')
    assert.match(stdout, /^(initialised as [1-9][0-9]{4,}\n){2}$/)
  })

  it('rolls a change of configuration out as a new release', async () => {
    await berth.ok('config', 'set', 'shop', 'GREETING=servus', 'KEY=s3cr3t')
    assert.equal((await berth.get('shop', '/greeting')).text, 'servus s3cr3t')
    assert.equal((await berth.json<AppStatus>('status', 'shop')).release, 'v3')
    await berth.ok('config', 'unset', 'shop', 'GREETING')
    assert.equal((await berth.get('shop', '/greeting')).text, 'hello s3cr3t')
  })

  it('never shows a secret again', async () => {
    const entries = await berth.json<ConfigEntry[]>('config', 'list', 'shop')
    const key = entries.find(({ name }) => name === 'KEY')
    assert.deepEqual([key?.set, key?.secret, key?.value], [true, true, undefined])
    const texts = [await berth.run(['config', 'list', 'shop']), await berth.run(['status', 'shop'])]
    for (const { stdout, stderr } of texts) assert.equal(`${stdout}${stderr}`.includes('s3cr3t'), false)
  })

  it('takes a secret from stdin, so that it is in no history', async () => {
    const { code } = await berth.run(['config', 'set', 'shop', 'KEY=-'], { input: 'from stdin\n' })
    assert.equal(code, 0)
    assert.equal((await berth.get('shop', '/greeting')).text, 'hello from stdin')
  })

  it('refuses a setting of the wrong type and changes nothing', async () => {
    const before = await berth.json<AppStatus>('status', 'shop')
    const problem = await berth.problem('config', 'set', 'shop', 'WORKERS=many', 'GREETING=never')
    assert.equal(problem.message, 'Set the WORKERS env variable: it must be an integer')
    assert.equal((await berth.json<AppStatus>('status', 'shop')).release, before.release)
    assert.match((await berth.get('shop', '/greeting')).text, /^hello /)
  })

  it('brings the settings of a release back with it', async () => {
    await berth.ok('rollback', 'shop', 'v3')
    assert.equal((await berth.get('shop', '/greeting')).text, 'servus s3cr3t')
    await berth.ok('rollback', 'shop', 'v2')
    assert.equal((await berth.get('shop', '/greeting')).text, 'hello unset')
    const entries = await berth.json<ConfigEntry[]>('config', 'list', 'shop')
    assert.deepEqual(
      entries.filter(({ set }) => set),
      [],
    )
  })

  it('refuses to roll back to what does not exist', async () => {
    const problem = await berth.problem('rollback', 'shop', 'v99')
    assert.equal(problem.code, 'unknown-release')
  })

  it('runs a one-off command in its environment and passes on its exit code', async () => {
    const ran = await berth.run(
      ['run', 'shop', '--', 'sh', '-c', 'echo $GREETING $PORT; cat; echo oops >&2; exit 42'],
      {
        input: 'from outside\n',
      },
    )
    assert.deepEqual(ran, { code: 42, stdout: 'hello 8000\nfrom outside\n', stderr: 'oops\n' })
  })

  it('says so when a command does not exist', async () => {
    const ran = await berth.run(['exec', 'shop', '--', 'no-such-command'])
    assert.notEqual(ran.code, 0)
    assert.match(ran.stderr, /no-such-command/)
  })

  it('prints its log', async () => {
    const { stdout } = await berth.ok('logs', 'shop', '--json')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as LogLine)
    assert.ok(lines.some(({ text, release }) => text === 'serving on 8000' && release === 'v2'))
    const { stdout: last } = await berth.ok('logs', 'shop', '-n', '1')
    assert.equal(last.trim().split('\n').length, 1)
    const { stdout: none } = await berth.ok('logs', 'shop', '--since', '2999-01-01T00:00:00Z')
    assert.equal(none, '')
  })

  it('goes on printing its log as lines come', async () => {
    const child = spawn(join(root, 'berth'), ['logs', 'shop', '--follow', '-n', '0'], { env: berth.environment })
    try {
      const line = once(createInterface({ input: child.stdout }), 'line')
      await berth.ok('restart', 'shop')
      assert.match(String(await line), /serving on 8000/)
    } finally {
      child.kill('SIGINT')
    }
  })

  it('can be built without being deployed', async () => {
    const before = await berth.json<AppStatus>('status', 'shop')
    const { last } = await berth.events('build', folder)
    assert.ok(last.kind === 'built')
    assert.equal(last.digest, before.image)
    assert.equal((await berth.json<AppStatus>('status', 'shop')).release, before.release)
  })

  it('stops, says that it has stopped, and starts again', async () => {
    await berth.ok('stop', 'shop')
    assert.equal((await berth.json<AppSummary[]>('ps'))[0]?.state, 'stopped')
    assert.equal((await berth.get('shop')).status, 503)
    await berth.killDaemon()
    assert.equal((await berth.json<AppStatus>('status', 'shop')).state, 'stopped')
    const problem = await berth.run(['exec', 'shop', '--', 'true'])
    assert.match(problem.stderr, /not running/)
    await berth.ok('start', 'shop')
    assert.equal((await berth.get('shop')).text, 'two')
  })

  it('keeps only what releases need when garbage is collected', async () => {
    const dry = await berth.json<GcReport>('gc', '--dry-run')
    const swept = await berth.json<GcReport>('gc')
    assert.deepEqual(swept.removed, dry.removed)
    assert.equal((await berth.json<GcReport>('gc')).bytes, 0)
    await berth.ok('rollback', 'shop', 'v1')
    assert.equal((await berth.get('shop')).text, 'one')
  })

  it('is an image that other tools read', async () => {
    const { stdout } = await run('skopeo', ['inspect', `oci:${berth.home}:shop:v1`])
    assert.ok((JSON.parse(stdout) as { Layers: string[] }).Layers.length >= 2)
  })

  it('keeps its volume when it is destroyed and finds it again, unless that is to go too', async () => {
    await berth.ok('destroy', 'shop', '--yes')
    await berth.ok('deploy', folder)
    assert.equal((await berth.get('shop', '/visits')).text, '3')
    await berth.ok('destroy', 'shop', '--yes', '--volumes')
    await berth.ok('deploy', folder)
    assert.equal((await berth.get('shop', '/visits')).text, '1')
  })

  it('is not destroyed without being asked for, where nobody can be asked', async () => {
    const { code, stderr } = await berth.run(['destroy', 'shop'])
    assert.equal(code, 2)
    assert.match(stderr, /--yes/)
    assert.equal((await berth.get('shop')).status, 200)
  })

  it('gives the nearest name when an application is unknown', async () => {
    const problem = await berth.problem('status', 'shpo')
    assert.equal(problem.code, 'unknown-app')
    assert.match(problem.fix, /shop/)
  })
})

describe('berth deploy --git', () => {
  let berth: TestBerth
  let repository: string

  before(async () => {
    berth = await TestBerth.create()
    repository = await berth.folder(pythonApp({ name: 'shop', text: 'tagged' }))
    const git = (...args: string[]) =>
      run('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args])
    await git('init', '--quiet', '--initial-branch=main')
    await git('add', '.')
    await git('commit', '--quiet', '--message=first')
    await git('tag', 'v1.2.3')
    await writeAll(repository, pythonApp({ name: 'shop', text: 'not tagged' }))
    await git('commit', '--quiet', '--all', '--message=second')
  })
  after(() => berth[Symbol.asyncDispose]())

  it('deploys exactly what is tagged', async () => {
    await berth.ok('deploy', '--git', `file://${repository}`, '--tag', 'v1.2.3')
    assert.equal((await berth.get('shop')).text, 'tagged')
  })

  it('refuses a tag that does not exist', async () => {
    const problem = await berth.problem('deploy', '--git', `file://${repository}`, '--tag', 'v1.2.4')
    assert.match(`${problem.message} ${problem.fix}`, /v1\.2\.3/)
    assert.equal((await berth.get('shop')).text, 'tagged')
  })
})

describe('the examples', () => {
  let berth: TestBerth

  before(async () => {
    berth = await TestBerth.create()
  })
  after(() => berth[Symbol.asyncDispose]())

  it('serve Flask 3 on Python 3.11', async () => {
    await berth.ok('deploy', 'examples/flask')
    const { status, text } = await berth.get('flask')
    assert.equal(status, 200)
    assert.match(text, /^Hello from Flask!\n\nFrom: flask\nListening on port: [0-9]+\nGreeting: hello\n$/)
  })

  it('serve Express on Node, detected from package.json alone', async () => {
    const folder = await berth.folder('examples/node')
    await berth.ok('init', folder)
    const manifest = await readFile(join(folder, 'berth.toml'), 'utf8')
    await writeFile(join(folder, 'berth.toml'), `name = "node"\n${manifest.replace(/^name = .*$/m, '')}`)
    await berth.ok('deploy', folder)
    assert.match((await berth.get('node')).text, /^Hello from Express!/)
  })

  it('cannot reach each other, the host or the world', async () => {
    const flask = await berth.json<AppStatus>('status', 'flask')
    const code = [
      'import socket',
      `targets = [('${flask.sandbox?.address ?? ''}', 8000), ('10.0.0.1', 80), ('127.0.0.1', ${berth.instance.httpPort})]`,
      'for target in targets:',
      '    s = socket.socket(); s.settimeout(1)',
      '    try: s.connect(target); print("reached", target)',
      '    except OSError: pass',
    ].join('\n')
    await berth.ok('deploy', await berth.folder(pythonApp({ name: 'spy' })))
    const { stdout } = await berth.ok('exec', 'spy', '--', 'python3', '-c', code)
    assert.equal(stdout, '')
    await eventually('flask answers', async () => (await berth.get('flask')).status === 200)
  })

  it('see only themselves, as nobody in particular, on a file system that they cannot change', async () => {
    const probe = [
      'id -u',
      'grep -E "^Cap(Inh|Prm|Eff|Bnd|Amb)" /proc/self/status | grep -vc "0000000000000000"',
      'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\\t"',
      'touch /app/x 2>&1 | grep -c "Read-only file system"',
      'ls -d /proc/[0-9]* | wc -l',
    ].join('; ')
    const { stdout } = await berth.run(['exec', 'flask', '--', 'sh', '-c', probe])
    const [uid, capabilities, privileges, seccomp, readOnly, processes] = stdout.trim().split('\n')
    assert.deepEqual(
      [Number(uid) > 10_000 ? 'nobody in particular' : uid, capabilities, privileges, seccomp, readOnly],
      ['nobody in particular', '0', 'NoNewPrivs:1', 'Seccomp:2', '1'],
    )
    assert.ok(Number(processes) < 12, stdout)
  })
})

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
