import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { packumentUrl, readNpmRequest, urlKey } from './npm-requests.ts'

const abbreviated = { accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*' }
const client = { 'user-agent': 'npm/10.9.9 node/v24.0.0 linux x64 workspaces/false', accept: 'application/json' }

function ask(path: string, headers: Record<string, string> = abbreviated, method = 'GET') {
  const url = new URL(path, 'https://registry.example.org')
  return readNpmRequest({ method, url, headers, body: () => Promise.resolve(Buffer.alloc(0)) })
}

describe('readNpmRequest()', () => {
  const names = [
    { path: '/express', readings: [{ name: 'express' }] },
    { path: '/@scope%2fname', readings: [{ name: '@scope/name' }] },
    { path: '/@scope%2Fname', readings: [{ name: '@scope/name' }] },
    { path: '/%40scope/name', readings: [{ name: '@scope/name' }] },
    { path: '/api/npm/@scope/name', readings: [{ name: '@scope/name' }] },
    { path: '/JSONStream?write=true', readings: [{ name: 'JSONStream' }] },
    { path: '/npm/express', readings: [{ name: 'express' }, { name: 'npm', version: 'express' }] },
    { path: '/express/latest', readings: [{ name: 'latest' }, { name: 'express', version: 'latest' }] },
    { path: '/express/4.18.2', readings: [{ name: 'express', version: '4.18.2' }] },
    { path: '/@scope%2fname/1.0.0-rc.1', readings: [{ name: '@scope/name', version: '1.0.0-rc.1' }] },
    { path: '/@scope/name/next', readings: [{ name: 'next' }, { name: '@scope/name', version: 'next' }] },
  ]
  for (const { path, readings } of names) {
    it(`reads ${path} as a document`, () => {
      assert.deepEqual(ask(path), { kind: 'document', readings, isCertain: true, isAbbreviated: true })
    })
  }

  const tarballs = [
    { path: '/express/-/express-4.18.2.tgz', name: 'express', version: '4.18.2' },
    { path: '/@scope/name/-/name-1.0.0-rc.1.tgz', name: '@scope/name', version: '1.0.0-rc.1' },
    { path: '/@scope%2fname/-/name-1.0.0.tgz', name: '@scope/name', version: '1.0.0' },
    { path: '/api/v4/npm/@scope/name/-/@scope/name-1.0.0.tgz', name: '@scope/name', version: '1.0.0' },
    { path: '/a/npm/x-1.0.0/-/x-1.0.0-2.0.0.tgz', name: 'x-1.0.0', version: '2.0.0' },
  ]
  for (const { path, name, version } of tarballs) {
    it(`reads ${path} as a tarball`, () => assert.deepEqual(ask(path, {}), { kind: 'tarball', name, version }))
  }

  const services = ['npm/v1/security/advisories/bulk', 'npm/v1/security/audits/quick', 'ping', 'v1/search', 'whoami']
  for (const path of services) {
    it(`reads /-/${path} as a service, also below a path`, () => {
      assert.deepEqual(ask(`/-/${path}`, {}, 'POST'), { kind: 'service', path })
      assert.deepEqual(ask(`/api/npm/-/${path}?text=x`, {}), { kind: 'service', path })
    })
  }

  const strangers = [
    { it: 'a page for a browser', path: '/express', headers: { accept: 'text/html' } },
    { it: 'a download without a format', path: '/express', headers: { accept: '*/*' } },
    { it: 'an archive that npm fetches from elsewhere', path: '/tar.gz/v1', headers: { ...client, accept: '*/*' } },
    { it: 'a remote tarball of npm', path: '/download', headers: { ...client, 'pacote-req-type': 'tarball' } },
    {
      it: 'the index of Python packages',
      path: '/simple/x/',
      headers: { accept: 'application/vnd.pypi.simple.v1+json' },
    },
    { it: 'JSON of some API', path: '/api/v1/things', headers: { accept: 'application/json' } },
    { it: 'a page of a forge', path: '/group/project/-/tree/main', headers: abbreviated },
    { it: 'an archive of a forge', path: '/group/project/-/archive/v1/project-v1.tgz', headers: {} },
    { it: 'a tarball whose name has no version', path: '/name/-/name-latest.tgz', headers: {} },
    { it: 'a tarball of another name', path: '/name/-/other-1.0.0.tgz', headers: {} },
    { it: 'the root', path: '/', headers: abbreviated },
    { it: 'a path that ends with a slash', path: '/express/', headers: abbreviated },
    { it: 'broken escapes', path: '/%zz', headers: abbreviated },
    { it: 'a name that climbs', path: '/%2e%2e', headers: abbreviated },
    { it: 'an endless name', path: `/${'x'.repeat(300)}`, headers: abbreviated },
  ]
  for (const { it: name, path, headers } of strangers) {
    it(`leaves ${name}`, () => assert.equal(ask(path, headers), undefined))
  }

  it('leaves what is published', () => assert.equal(ask('/express', abbreviated, 'PUT'), undefined))

  it('is certain of what a client of npm asks for in full', () => {
    const whole = { kind: 'document', readings: [{ name: 'express' }], isAbbreviated: false }
    assert.deepEqual(ask('/express', client), { ...whole, isCertain: true })
    assert.deepEqual(ask('/express', { 'pacote-req-type': 'packument' }), { ...whole, isCertain: true })
    assert.deepEqual(ask('/express', { accept: 'application/json' }), { ...whole, isCertain: false })
    assert.deepEqual(ask('/express', { 'user-agent': 'got (https://example.org/got)' }), { ...whole, isCertain: false })
    assert.equal(ask('/install/express', { 'user-agent': 'got (https://example.org/got)' }), undefined)
  })
})

describe('urlKey()', () => {
  it('is the same for each way to write a URL', () => {
    const key = urlKey(new URL('https://registry.example.org/@scope/name/-/name-1.0.0.tgz'))
    assert.equal(urlKey(new URL('https://me:secret@registry.example.org:443/@scope%2Fname/-/name-1.0.0.tgz#x')), key)
    assert.notEqual(urlKey(new URL('https://registry.example.org/@scope/name/-/name-1.0.0.tgz?x')), key)
  })
})

describe('packumentUrl()', () => {
  it('is one folder above a version', () => {
    const { href } = packumentUrl(new URL('https://me:secret@registry.example.org/npm/@scope%2fname/latest?x#y'))
    assert.equal(href, 'https://registry.example.org/npm/@scope%2fname')
  })
})
