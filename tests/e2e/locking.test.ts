import assert from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createTcpServer } from 'node:net'
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

  it('lets nothing else out of a build: neither setup.py nor a RUN', async () => {
    const host = createTcpServer((socket) => socket.end('reached'))
    await new Promise<void>((resolve) => host.listen('\0berth-hostile-test', resolve))
    try {
      for (const [kind, files] of Object.entries(hostileBuilds())) {
        const folder = await berth.folder(files)
        await berth.ok('lock', folder)
        const { events, last } = await berth.events('build', folder, '--verbose')
        // What was recorded once is cached; the replay of a changed source runs again.
        assert.equal(last.kind, 'built', `${kind}: ${JSON.stringify(last)}`)
        const replayed = await replay(kind, folder)
        assert.ok(replayed.length >= 9, `${kind}: ${JSON.stringify(events)}`)
        for (const line of replayed) assert.match(line, / refused/, `${kind}: ${line}`)
      }
    } finally {
      host.close()
    }
  })

  /** Builds in a home of its own, where nothing has been built, and gives what the attempts printed. */
  async function replay(kind: string, folder: string): Promise<string[]> {
    await using other = await emptyBerth()
    const { events, last } = await other.events('build', folder, '--locked')
    assert.equal(last.kind, 'built', `${kind}: ${JSON.stringify(last)}`)
    const printed = events.flatMap((event) => (event.kind === 'output' ? [event.text] : []))
    return [...printed, ...(await writtenLines(other.home))].flatMap((text) => /attempt: .*/.exec(text)?.[0] ?? [])
  }
})

/** A home in which nothing was built before, not even by another test. */
async function emptyBerth(): Promise<TestBerth> {
  const shared = process.env['BERTH_TEST_CACHE']
  delete process.env['BERTH_TEST_CACHE']
  const berth = await TestBerth.create()
  if (shared !== undefined) process.env['BERTH_TEST_CACHE'] = shared
  return berth
}

/** What the attempts left in a layer: pip does not show what a setup.py prints. */
async function writtenLines(home: string): Promise<string[]> {
  const layers = join(home, 'layers')
  const texts = await Promise.all(
    (await readdir(layers)).map((name) => readFile(join(layers, name, 'app/attempts.txt'), 'utf8').catch(() => '')),
  )
  return texts.flatMap((text) => text.split('\n'))
}

/** Every way out of a build that a script may try. */
const attempts = `
import socket, urllib.request, ssl, sys
def say(*words):
    print(*words, flush=True)
    with open('attempts.txt', 'a') as file:
        print(*words, file=file)
def attempt(name, work):
    try:
        work()
        say('attempt:', name, 'REACHED')
    except Exception as error:
        say('attempt:', name, 'refused', repr(error)[:80])
def tcp(host, port):
    return lambda: socket.create_connection((host, port), timeout=3)
def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(3)
    s.sendto(b'x', ('192.0.2.53', 53))
    s.recv(1)
def abstract():
    s = socket.socket(socket.AF_UNIX)
    s.connect('\\\\0berth-hostile-test')
def tunnel(target):
    def work():
        s = socket.create_connection(('127.0.0.1', 3128), timeout=10)
        s.sendall(('CONNECT %s HTTP/1.1\\\\r\\\\n\\\\r\\\\n' % target).encode())
        s.recv(4096)
        s.sendall(b'SSH-2.0-probe\\\\r\\\\n')
        answer = s.recv(4096)
        if not answer or b'400' in answer or b'403' in answer: raise OSError('closed')
    return work
def fetch(url):
    context = ssl._create_unverified_context()
    return lambda: urllib.request.urlopen(url, timeout=10, context=context).read()
attempt('address', tcp('192.0.2.1', 80))
attempt('host gateway', tcp('172.17.0.1', 80))
attempt('link-local', tcp('169.254.169.254', 80))
attempt('name', lambda: socket.getaddrinfo('registry.example.org', 443))
attempt('datagram', udp)
attempt('abstract socket', abstract)
attempt('tunnel', tunnel('registry.example.org:22'))
attempt('metadata', fetch('http://169.254.169.254/latest/'))
attempt('other registry', fetch('https://registry.example.org/simple/'))
attempt('plain', fetch('http://registry.example.org/x'))
`

function hostileBuilds(): Record<string, Record<string, string>> {
  const program = attempts.replaceAll('\\\\', '\\')
  return {
    'setup.py': {
      ...pythonApp({ name: 'hostile-setup' }),
      'requirements.txt': '-e .\n',
      'setup.py': `${program}\nfrom setuptools import setup\nsetup(name='hostile', py_modules=[])\n`,
    },
    RUN: {
      'berth.toml': 'name = "hostile-run"\n[start]\ncommand = "true"\n',
      Dockerfile: [
        'FROM debian:bookworm',
        'RUN apt-get update && apt-get install -y --no-install-recommends python3-minimal libpython3-stdlib',
        'COPY probe.py /probe.py',
        'RUN python3 /probe.py',
        '',
      ].join('\n'),
      'probe.py': program,
    },
  }
}
