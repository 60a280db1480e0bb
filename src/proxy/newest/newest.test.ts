import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Artifact, ArtifactKind } from '../../model/lock.ts'
import type { Document } from '../adapter.ts'
import { findNewest, pythonIndexOf, type Looking } from './index.ts'

const index = new URL('https://index.example.org/simple/')

function artifact(kind: ArtifactKind, name: string, version: string, url: string): Artifact {
  return { kind, name, version, url, sha256: 'a'.repeat(64), size: 1 }
}

/** Registries that have these documents, by address. */
function looking(documents: Readonly<Record<string, unknown>>, asOf?: string, indexes = [index]): Looking {
  return {
    asOf: asOf === undefined ? undefined : new Date(asOf),
    pythonIndexes: indexes,
    ask: (url): Promise<Document> => {
      const found = documents[url.href]
      const body = Buffer.from(typeof found === 'string' ? found : JSON.stringify(found ?? {}))
      const type = url.pathname.includes('/simple/') ? 'application/vnd.pypi.simple.v1+json' : 'application/json'
      return Promise.resolve({ status: found === undefined ? 404 : 200, headers: { 'content-type': type }, body, url })
    },
  }
}

function find(what: Artifact, where: Looking) {
  const ask = findNewest[what.kind]
  assert.ok(ask)
  return ask(what, where)
}

describe('findNewest.npm', () => {
  const packument = {
    'dist-tags': { latest: '2.0.0', next: '3.0.0-rc.1' },
    versions: { '1.0.0': {}, '1.5.0': {}, '2.0.0': {}, '3.0.0-rc.1': {} },
    time: { '1.0.0': '2014-01-01T00:00:00Z', '1.5.0': '2015-01-01T00:00:00Z', '2.0.0': '2020-01-01T00:00:00Z' },
  }
  const registry = {
    'https://npm.example.org/team/left-pad': packument,
    'https://npm.example.org/@scope%2fpad': { ...packument, 'dist-tags': { latest: '1.5.0' } },
  }
  const leftPad = artifact('npm', 'left-pad', '1.0.0', 'https://npm.example.org/team/left-pad/-/left-pad-1.0.0.tgz')

  it('asks the registry that the tarball came from, and takes its latest', async () => {
    assert.deepEqual(await find(leftPad, looking(registry)), { version: '2.0.0' })
  })
  it('knows packages with a scope', async () => {
    const scoped = artifact('npm', '@scope/pad', '1.0.0', 'https://npm.example.org/@scope/pad/-/pad-1.0.0.tgz')
    assert.deepEqual(await find(scoped, looking(registry)), { version: '1.5.0' })
  })
  it('does not see what was published after the day of the lock', async () => {
    assert.deepEqual(await find(leftPad, looking(registry, '2016-03-01T00:00:00Z')), { version: '1.5.0' })
  })
  it('says so when the registry does not have it, or sends something else', async () => {
    await assert.rejects(find(leftPad, looking({})), /npm\.example\.org answered 404/)
    const nonsense = looking({ 'https://npm.example.org/team/left-pad': '<html>' })
    await assert.rejects(find(leftPad, nonsense), /sent no description/)
    const elsewhere = artifact('npm', 'left-pad', '1.0.0', 'https://cdn.example.org/blob/77')
    await assert.rejects(find(elsewhere, looking(registry)), /does not tell its registry/)
  })
})

describe('findNewest.go', () => {
  const base = 'https://go.example.org/github.com/!burnt!sushi/toml'
  const toml = artifact('go', 'github.com/BurntSushi/toml', 'v1.0.0', `${base}/@v/v1.0.0.zip`)
  const proxy = {
    [`${base}/@latest`]: { Version: 'v1.3.0', Time: '2024-01-01T00:00:00Z' },
    [`${base}/@v/list`]: 'v1.0.0\nv1.10.0\nv1.2.0\nv2.0.0-beta\n',
    [`${base}/@v/v1.10.0.info`]: { Version: 'v1.10.0', Time: '2023-01-01T00:00:00Z' },
    [`${base}/@v/v1.2.0.info`]: { Version: 'v1.2.0', Time: '2020-01-01T00:00:00Z' },
    [`${base}/@v/v1.0.0.info`]: { Version: 'v1.0.0', Time: '2018-01-01T00:00:00Z' },
  }

  it('asks the proxy for the latest', async () => {
    assert.deepEqual(await find(toml, looking(proxy)), { version: 'v1.3.0' })
  })
  it('takes the highest stable version that is old enough', async () => {
    assert.deepEqual(await find(toml, looking(proxy, '2021-01-01T00:00:00Z')), { version: 'v1.2.0' })
  })
  it('says so when the proxy has nothing', async () => {
    await assert.rejects(find(toml, looking({})), /go\.example\.org answered 404/)
    await assert.rejects(find(toml, looking({ [`${base}/@latest`]: [] })), /sent no version/)
  })
})

describe('findNewest.pypi', () => {
  const file = (version: string, more: object = {}) => ({
    filename: `Flask-${version}.tar.gz`,
    url: `https://files.example.org/Flask-${version}.tar.gz`,
    hashes: {},
    'upload-time': '2015-01-01T00:00:00Z',
    ...more,
  })
  const page = (...files: object[]) => ({ meta: { 'api-version': '1.1' }, name: 'flask', files })
  const flask = artifact('pypi', 'flask', '1.0', 'https://files.example.org/Flask-1.0.tar.gz')
  const versions = page(
    file('1.0'),
    file('1.2'),
    file('1.10', { 'requires-python': '>=3.9', 'upload-time': '2020-01-01T00:00:00Z' }),
    file('2.0rc1'),
    file('3.0', { yanked: 'broken' }),
  )

  it('takes the highest stable version that was not yanked, and says which Python it needs', async () => {
    const seen = looking({ [`${index.href}flask/`]: versions })
    assert.deepEqual(await find(flask, seen), { version: '1.10', requiresPython: '>=3.9' })
  })
  it('does not see what was published after the day of the lock', async () => {
    const seen = looking({ [`${index.href}flask/`]: versions }, '2016-03-01T00:00:00Z')
    assert.deepEqual(await find(flask, seen), { version: '1.2' })
  })
  it('goes by the index that has the locked version', async () => {
    const other = new URL('https://other.example.org/simple/')
    const documents = { [`${other.href}flask/`]: page(file('9.0')), [`${index.href}flask/`]: versions }
    assert.equal((await find(flask, looking(documents, undefined, [other, index]))).version, '1.10')
  })
  it('says so when no index is known or none has it', async () => {
    await assert.rejects(find(flask, looking({}, undefined, [])), /no index is known/)
    await assert.rejects(find(flask, looking({})), /answered 404/)
  })
})

describe('pythonIndexOf()', () => {
  const cases = {
    'https://index.example.org/simple/flask/': 'https://index.example.org/simple/',
    'https://index.example.org/root/pypi/+simple/flask': 'https://index.example.org/root/pypi/+simple/',
    'https://files.example.org/packages/Flask-1.0.tar.gz': undefined,
    'https://index.example.org/simple/': undefined,
    'no address': undefined,
  }
  for (const [address, expected] of Object.entries(cases)) {
    it(`finds ${expected ?? 'none'} in ${address}`, () => assert.equal(pythonIndexOf(address)?.href, expected))
  }
})
