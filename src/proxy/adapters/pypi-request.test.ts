import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { choosePageType } from './pypi-accept.ts'
import { resolvesForAll } from './pypi-client.ts'
import { readRequest } from './pypi-request.ts'

const simple = 'application/vnd.pypi.simple.v1'

describe('readRequest()', () => {
  const hash = 'db/9c/149ba60c47d107f85fe52564133348458f093dd5e6b57a5b60ab9ac517bb'
  const cases: { path: string; headers?: Record<string, string>; method?: string; is: string | undefined }[] = [
    { path: '/simple/Flask_CORS/', is: 'project flask-cors' },
    { path: '/simple/flask', is: 'project flask' },
    { path: '/root/pypi/+simple/zope.interface/', is: 'project zope-interface' },
    { path: '/api/v4/projects/7/packages/pypi/simple/flask/', is: 'project flask' },
    { path: '/simple/', headers: { accept: `${simple}+json` }, is: 'root' },
    { path: '/simple/', headers: { 'user-agent': 'setuptools/44.1.1 Python-urllib/2.7' }, is: 'root' },
    { path: '/simple', headers: { 'user-agent': 'npm/10.2.3 node/v20' }, is: undefined },
    { path: '/simple/%ff/', is: undefined },
    { path: '/simple/..%2f..%2fetc/', is: undefined },
    { path: '/pypi/flask/json', is: 'release flask /simple/flask/' },
    { path: '/mirror/pypi/Flask/1.0-RC1/json', is: 'release flask 1.0rc1 /mirror/simple/flask/' },
    { path: '/any/where/flask-1.0-py3-none-any.whl', is: 'file flask 1.0' },
    { path: '/any/where/flask-1.0-py3-none-any.whl.metadata', is: 'metadata /any/where/flask-1.0-py3-none-any.whl' },
    { path: `/packages/${hash}/Flask-0.10.1.tar.gz`, is: 'file flask 0.10.1' },
    { path: '/packages/source/F/Flask/Flask-0.10.1.tar.gz', is: 'file flask 0.10.1' },
    { path: '/downloads/nginx-1.20.tar.gz', is: undefined },
    { path: '/whl/cpu/torch/', is: undefined },
    { path: '/whl/cpu/torch/', headers: { accept: `${simple}+json, text/html;q=0.1` }, is: 'project torch' },
    { path: '/whl/cpu/torch/', headers: { accept: 'text/html', 'user-agent': 'pip/20.3.4 {}' }, is: 'project torch' },
    { path: '/whl/stable.html', headers: { accept: `${simple}+html` }, is: 'links' },
    { path: '/simple/flask/', method: 'POST', is: undefined },
  ]
  for (const { path, headers = {}, method = 'GET', is } of cases) {
    it(`takes ${method} ${path} ${Object.values(headers).join()} for ${is ?? 'none of its own'}`, () => {
      const url = new URL(`https://index.example${path}`)
      const found = readRequest({ method, url, headers, body: () => Promise.resolve(Buffer.alloc(0)) })
      assert.equal(found && describeRequest(found), is)
    })
  }
})

function describeRequest(request: NonNullable<ReturnType<typeof readRequest>>): string {
  const { kind } = request
  if (kind === 'project') return `project ${request.name}`
  if (kind === 'release')
    return [kind, request.name, request.version, request.address.pathname].filter(Boolean).join(' ')
  if (kind === 'file') return `file ${request.name.name} ${request.name.version}`
  return kind === 'metadata' ? `metadata ${request.url.pathname}` : kind
}

describe('choosePageType()', () => {
  const cases: { client: string; accept?: string; is: string }[] = [
    { client: 'nobody', is: 'text/html' },
    { client: 'curl', accept: '*/*', is: 'text/html' },
    { client: 'pip 20', accept: 'text/html', is: 'text/html' },
    { client: 'pip 26', accept: `${simple}+json, ${simple}+html; q=0.1, text/html; q=0.01`, is: `${simple}+json` },
    { client: 'uv', accept: `${simple}+json, ${simple}+html;q=0.2, text/html;q=0.01`, is: `${simple}+json` },
    { client: 'Poetry', accept: `${simple}+json`, is: `${simple}+json` },
    { client: 'the latest', accept: 'application/vnd.pypi.simple.latest+json', is: `${simple}+json` },
    { client: 'one that is content with all', accept: `${simple}+json, text/html`, is: 'text/html' },
    { client: 'one that refuses HTML', accept: `text/html;q=0, ${simple}+json;q=0.1`, is: `${simple}+json` },
    { client: 'one of the future', accept: 'application/vnd.pypi.simple.v2+json', is: 'text/html' },
    { client: 'a fool', accept: ';;q=x,,/', is: 'text/html' },
  ]
  for (const { client, accept, is } of cases) {
    it(`gives ${client} ${is}`, () => assert.equal(choosePageType(accept), is))
  }
})

describe('resolvesForAll()', () => {
  const uv = (...subcommand: string[]) => `uv/0.13.9 {"installer":{"subcommand":${JSON.stringify(subcommand)}}}`
  const cases: [string, boolean][] = [
    ['pip/26.3 {}', false],
    [uv('pip', 'install'), false],
    [uv('tool', 'install'), false],
    [uv('sync'), true],
    ['uv/0.4.0 {}', true],
    ['poetry/2.5.1 CPython/3.11.7', true],
  ]
  for (const [agent, is] of cases) {
    it(`is ${is} for ${agent}`, () => assert.equal(resolvesForAll({ 'user-agent': agent }), is))
  }
})
