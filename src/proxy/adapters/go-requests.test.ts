import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isToolchain, isVersion, readGoRequest, timeOfPseudoVersion } from './go-requests.ts'

const read = (path: string) => readGoRequest(new URL(path, 'https://modules.example.org'))

describe('readGoRequest()', () => {
  const toml = 'example.org/BurntSushi/toml'
  const toolchain = 'v0.0.1-go1.23.4.linux-amd64'
  const cases = [
    { path: '/example.org/x/text/@v/list', expected: { kind: 'list', module: 'example.org/x/text' } },
    { path: '/example.org/x/text/@latest', expected: { kind: 'latest', module: 'example.org/x/text' } },
    {
      path: '/example.org/x/@v/v1.2.3.info',
      expected: { kind: 'info', module: 'example.org/x', version: 'v1.2.3' },
    },
    { path: '/example.org/x/@v/main.info', expected: { kind: 'info', module: 'example.org/x', version: 'main' } },
    {
      path: '/example.org/!burnt!sushi/toml/@v/v1.0.0.mod',
      expected: { kind: 'mod', module: toml, version: 'v1.0.0' },
    },
    { path: '/example.org/%21burnt%21sushi/toml/@v/list', expected: { kind: 'list', module: toml } },
    {
      path: '/gopkg.example.org/yaml.v3/@v/v3.0.1.zip',
      expected: { kind: 'zip', module: 'gopkg.example.org/yaml.v3', version: 'v3.0.1' },
    },
    {
      path: '/example.org/x/@v/v4.0.0-!r!c.1+incompatible.zip',
      expected: { kind: 'zip', module: 'example.org/x', version: 'v4.0.0-RC.1+incompatible' },
    },
    {
      path: '/artifactory/api/go/example.org/x/@v/list',
      expected: { kind: 'list', module: 'example.org/x' },
    },
    {
      path: `/example.org/toolchain/@v/${toolchain}.zip`,
      expected: { kind: 'zip', module: 'example.org/toolchain', version: toolchain },
    },
    {
      path: '/sumdb/sum.example.org/supported',
      expected: { kind: 'checksums', database: 'sum.example.org', path: 'supported' },
    },
    {
      path: '/base/sumdb/sum.example.org/lookup/example.org/x@v1.0.0',
      expected: { kind: 'checksums', database: 'sum.example.org', path: 'lookup/example.org/x@v1.0.0' },
    },
    {
      path: '/sumdb/sum.example.org/tile/8/0/x001/123.p/7',
      expected: { kind: 'checksums', database: 'sum.example.org', path: 'tile/8/0/x001/123.p/7' },
    },
    {
      path: '/tile/8/1/000',
      expected: { kind: 'checksums', database: 'modules.example.org', path: 'tile/8/1/000' },
    },
    {
      path: '/lookup/example.org/x@v1.0.0',
      expected: { kind: 'checksums', database: 'modules.example.org', path: 'lookup/example.org/x@v1.0.0' },
    },
  ]
  for (const { path, expected } of cases) {
    it(`reads ${path} as ${expected.kind}`, () => assert.deepEqual(read(path), expected))
  }

  const strangers = [
    '/',
    '/@v/list',
    '/@latest',
    '/nodots/@v/list',
    '/example.org/x/@v/v1.0.0.tar.gz',
    '/example.org/x/@v/.info',
    '/example.org/x/@v/main.zip',
    '/example.org/x/@v/new%0aline.info',
    `/example.org/x/@v/${'x'.repeat(600)}.info`,
    '/example.org/x/@v/v1.0.mod',
    '/example.org/Upper/@v/list',
    '/example.org/x!/@v/list',
    '/example.org/x y/@v/list',
    '/example.org/%zz/@v/list',
    '/example.org/x?go-get=1',
    '/@babel/core/latest',
    '/lookup/table',
    '/tile/8/picture.png',
    '/supported/devices',
  ]
  for (const path of strangers) it(`leaves ${path.slice(0, 80)}`, () => assert.equal(read(path), undefined))
})

describe('isVersion()', () => {
  it('knows versions as modules have them', () => {
    for (const version of ['v0.0.0', 'v1.2.3-pre', 'v2.0.0+incompatible', 'v0.0.0-20191109021931-daa7c04131f5']) {
      assert.ok(isVersion(version), version)
    }
    for (const version of ['1.2.3', 'v1', 'v1.2', 'main', 'v01.2.3', 'v1.2.3.4', '', 'vv1.2.3', ' v1.2.3']) {
      assert.ok(!isVersion(version), version)
    }
  })
})

describe('timeOfPseudoVersion()', () => {
  const cases = [
    { version: 'v0.0.0-20191109021931-daa7c04131f5', time: '2019-11-09T02:19:31Z' },
    { version: 'v1.2.4-0.20191109021931-daa7c04131f5', time: '2019-11-09T02:19:31Z' },
    { version: 'v1.2.3-pre.0.20191109021931-daa7c04131f5', time: '2019-11-09T02:19:31Z' },
    { version: 'v2.0.1-0.20191109021931-daa7c04131f5+incompatible', time: '2019-11-09T02:19:31Z' },
    { version: 'v1.2.3', time: undefined },
    { version: 'v1.2.3-20191109021931', time: undefined },
  ]
  for (const { version, time } of cases) {
    it(`says ${time} of ${version}`, () => assert.equal(timeOfPseudoVersion(version), time))
  }
})

describe('isToolchain()', () => {
  it('knows the versions of toolchains', () => {
    assert.ok(isToolchain({ name: 'example.org/toolchain', version: 'v0.0.1-go1.23.4.linux-amd64' }))
    assert.ok(!isToolchain({ name: 'example.org/toolchain', version: 'v0.0.1' }))
    assert.ok(!isToolchain({ name: 'example.org/x', version: 'v0.0.1-go1.23.4.linux-amd64' }))
  })
})
