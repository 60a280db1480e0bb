import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseManifest } from '../../model/parse-manifest.ts'
import type { InstallPlan } from '../../model/plan.ts'
import { Problem } from '../../model/problem.ts'
import { detectManifest } from './detect.ts'
import type { TreeFacts } from './facts.ts'
import { planInstall } from './plan.ts'

function facts(texts: Record<string, string>): TreeFacts {
  const names = Object.keys(texts)
  return { top: names, files: new Set(names), texts: new Map(Object.entries(texts)), architecture: 'x64' }
}

function plan(texts: Record<string, string>, manifest = ''): InstallPlan {
  const planned = planInstall(parseManifest(manifest, 'berth.toml'), facts(texts))
  assert.ok(planned.kind === 'layers')
  return planned
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
  return 'none'
}

const flask = { 'requirements.txt': 'Flask\ngunicorn==23.0\n', 'app.py': 'import flask\napp = flask.Flask("x")\n' }
const lock = JSON.stringify({ lockfileVersion: 3, packages: { '': {} } })
const node = { 'package.json': '{"scripts":{"start":"node server.js"}}', 'package-lock.json': lock }

describe('planInstall()', () => {
  const suites: { it: string; manifest: string; suite: string }[] = [
    { it: 'takes Python 3.11 on bookworm when nothing is said', manifest: '', suite: 'bookworm' },
    { it: 'takes bullseye for Python 2.7', manifest: '[install]\npython = "2.7"', suite: 'bullseye' },
    { it: 'takes bullseye for Python 3.9', manifest: '[install]\npython = "3.9"', suite: 'bullseye' },
    { it: 'takes trixie for Python 3.13', manifest: '[install]\npython = "3.13"', suite: 'trixie' },
    { it: 'takes the Python of the base', manifest: '[install]\nbase = "debian:trixie"', suite: 'trixie' },
  ]
  for (const { it: name, manifest, suite } of suites) it(name, () => assert.equal(plan(flask, manifest).suite, suite))

  const commands: { it: string; texts: Record<string, string>; manifest?: string; argv: string[] }[] = [
    {
      it: 'starts gunicorn with the module that defines the application',
      texts: flask,
      argv: ['/bin/sh', '-c', 'exec venv/bin/gunicorn -b 0.0.0.0:$PORT app:app'],
    },
    {
      it: 'starts uvicorn when that is what is required',
      texts: { 'requirements.txt': 'fastapi\nuvicorn[standard]', 'main.py': 'app: FastAPI = FastAPI()' },
      argv: ['/bin/sh', '-c', 'exec venv/bin/uvicorn --host 0.0.0.0 --port $PORT main:app'],
    },
    {
      it: 'prefers a Procfile',
      texts: { ...flask, Procfile: 'worker: x\nweb: gunicorn app:app --log-file -\n' },
      argv: ['/bin/sh', '-c', 'exec gunicorn app:app --log-file -'],
    },
    { it: 'leaves a list alone', texts: flask, manifest: '[start]\ncommand = ["a", "$B"]', argv: ['a', '$B'] },
    { it: 'runs scripts.start of package.json', texts: node, argv: ['/bin/sh', '-c', 'exec node server.js'] },
    {
      it: 'runs main of package.json without it',
      texts: { 'package.json': '{"main":"lib/my app.js"}', 'package-lock.json': lock },
      argv: ['/bin/sh', '-c', "exec node 'lib/my app.js'"],
    },
  ]
  for (const { it: name, texts, manifest, argv } of commands) {
    it(name, () => assert.deepEqual(plan(texts, manifest).config.argv, argv))
  }

  const problems: { it: string; texts: Record<string, string>; manifest?: string; code: string }[] = [
    { it: 'says what it looked for in a tree that it does not know', texts: { 'a.go': '' }, code: 'nothing-detected' },
    { it: 'refuses npm packages without a lock file', texts: { 'package.json': '{}' }, code: 'lockfile-missing' },
    {
      it: 'refuses a base that has not the Python asked for',
      texts: flask,
      manifest: '[install]\nbase = "debian:trixie"\npython = "2.7"',
      code: 'base-conflict',
    },
    {
      it: 'asks for a start command that it cannot see',
      texts: { 'requirements.txt': 'flask' },
      code: 'no-start-command',
    },
    {
      it: 'names a constraints file that is not there',
      texts: flask,
      manifest: '[install]\nconstraints = "c.txt"',
      code: 'install-file-missing',
    },
    {
      it: 'names an included file that is not there',
      texts: { ...flask, 'requirements.txt': '-r other.txt' },
      code: 'install-file-missing',
    },
    {
      it: 'names a package.json that is not JSON',
      texts: { ...node, 'package.json': '{' },
      code: 'install-file-unreadable',
    },
    {
      it: 'refuses engines.node that is no range',
      texts: { ...node, 'package.json': '{"engines":{"node":"latest!"}}' },
      code: 'node-version-unclear',
    },
  ]
  for (const { it: name, texts, manifest, code } of problems) {
    it(name, () =>
      assert.equal(
        codeOf(() => plan(texts, manifest)),
        code,
      ),
    )
  }

  it('makes the environment from the files that pip reads and no others', () => {
    const texts = {
      ...flask,
      'requirements.txt': '-r req/base.txt  # shared\n-c limits.txt\n',
      'req/base.txt': '--requirement=more.txt\ngunicorn\n',
      'req/more.txt': 'flask\n',
      'limits.txt': 'flask==1\n',
    }
    const layer = plan(texts).layers.find(({ kind }) => kind === 'commands')
    assert.ok(layer?.kind === 'commands')
    assert.deepEqual(layer.inputs, ['limits.txt', 'req/base.txt', 'req/more.txt', 'requirements.txt'])
  })

  for (const line of ['-e .', '.', './lib', '.[extra]', 'mine @ file:///app/lib', '-e ./lib']) {
    it(`takes the whole tree as input for \`${line}\``, () => {
      const layer = plan({ ...flask, 'requirements.txt': `gunicorn\n${line}\n` }).layers.find(
        (one) => one.kind === 'commands',
      )
      assert.deepEqual(layer?.kind === 'commands' && layer.inputs, ['.'])
    })
  }

  it('has the build tools in layers that the image does not keep, and the source last', () => {
    const { layers } = plan(
      flask,
      '[install]\napt = ["libpq5"]\nbuild_apt = ["gcc"]\n[isolation.volumes]\nd = { path = "/d" }',
    )
    assert.deepEqual(
      layers.map(({ kind, keep }) => `${kind} ${keep}`),
      ['packages true', 'packages false', 'commands true', 'source true'],
    )
    const [runtime, tools] = layers
    assert.ok(runtime?.kind === 'packages' && runtime.names.includes('libpq5'))
    assert.ok(tools?.kind === 'packages' && tools.names.includes('gcc'))
    const source = layers.at(-1)
    assert.deepEqual(source?.kind === 'source' && source.directories, ['/d'])
  })

  const ranges = { '"24"': '24', '">=18"': '24', '"^22.1.0"': '^22.1.0', '">=26"': '26', '"18 || 20"': '18' }
  for (const [engines, range] of Object.entries(ranges)) {
    it(`takes Node ${range} for engines.node ${engines}`, () => {
      const texts = { ...node, 'package.json': `{"main":"a.js","engines":{"node":${engines}}}` }
      const layer = plan(texts).layers.find(({ kind }) => kind === 'archive')
      assert.equal(layer?.kind === 'archive' && layer.archive.range, range)
    })
  }

  it('names the npm packages whose install scripts do not run', () => {
    const packages = {
      'node_modules/a': { hasInstallScript: true },
      'node_modules/x/node_modules/@s/b': { hasInstallScript: true },
    }
    const texts = { ...node, 'package-lock.json': JSON.stringify({ packages }) }
    const layer = plan(texts, '[install]\nscripts = ["a"]').layers.find((one) => one.kind === 'commands')
    assert.ok(layer?.kind === 'commands')
    assert.match(layer.notices?.join() ?? '', /scripts of @s\/b were not run/)
    assert.deepEqual(
      layer.commands.map(({ argv }) => argv[2]),
      ['ci', 'rebuild'],
    )
  })
})

describe('detectManifest()', () => {
  it('proposes a manifest that comes to the same plan as none', () => {
    for (const texts of [flask, node]) assert.deepEqual(plan(texts, detectManifest(facts(texts))), plan(texts))
  })

  it('leaves the start command to the operator when it cannot see one', () => {
    assert.match(detectManifest(facts({ 'requirements.txt': '' })), /^# command = /m)
  })

  it('refuses a tree that it does not know', () => {
    assert.equal(
      codeOf(() => detectManifest(facts({}))),
      'nothing-detected',
    )
  })
})
