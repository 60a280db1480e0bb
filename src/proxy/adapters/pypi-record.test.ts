import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { get, recording } from '../../../tests/adapters/proxy.ts'
import { makeSdist, wheel } from '../../../tests/adapters/pypi-packages.ts'
import { asJson, json, lines, PypiSetting } from '../../../tests/adapters/pypi-setting.ts'
import type { Artifact } from '../../model/lock.ts'
import { Problem } from '../../model/problem.ts'
import type { Session } from '../session.ts'

describe('PypiRecord', () => {
  let setting: PypiSetting
  before(async () => {
    setting = await PypiSetting.make()
  })
  after(() => setting.remove())
  beforeEach(() => setting.index.reset())

  const asOf = (day: string): Session => ({ mode: 'record', held: [], asOf: new Date(day) })

  it('reads an index that knows no JSON, and sees nothing of it as of a day', async () => {
    setting.index.speaksJson = false
    setting.index.projects = { flask: [wheel('flask', '1.0')], jinja2: [wheel('jinja2', '2.0')] }
    await using recorded = await setting.start(recording)
    assert.deepEqual(await setting.pip(recorded, 'flask'), ['flask-1.0'])
    await using dated = await setting.start(asOf('2030-01-01T00:00:00Z'))
    assert.deepEqual((await setting.page(dated, 'flask')).files, [])
    assert.deepEqual((await setting.page(dated, 'jinja2')).files, [])
    assert.equal(dated.notices.length, 1)
    assert.match(dated.notices[0] ?? '', /index\.example:\d+ does not say when files were published/)
  })

  it('says when a project is younger than the day', async () => {
    setting.index.projects = { flask: [wheel('flask', '1.0', { uploaded: '2018-04-26T00:00:00Z' })] }
    await using dated = await setting.start(asOf('2016-01-01T00:00:00Z'))
    for (const name of ['flask', 'flask']) assert.deepEqual((await setting.page(dated, name)).files, [])
    assert.deepEqual(dated.notices, [
      'as of 2016-01-01T00:00:00.000Z: flask has nothing that had been published by then',
    ])
  })

  it('shows only what an earlier lock holds, also when the index has forgotten it', async () => {
    setting.index.projects = { flask: [wheel('flask', '1.0'), wheel('flask', '2.0')] }
    await using recorded = await setting.start(recording)
    await get(recorded, setting.file('flask-1.0-py2.py3-none-any.whl'))
    const held: Session = { mode: 'record', held: recorded.proxy.artifacts }
    await using later = await setting.start(held)
    assert.deepEqual((await setting.page(later, 'flask')).versions, ['1.0'])
    setting.index.projects = {}
    await using muchLater = await setting.start(held)
    assert.deepEqual((await setting.page(muchLater, 'flask')).versions, ['1.0'])
  })

  for (const algorithm of ['sha256', 'md5']) {
    it(`refuses a file whose ${algorithm} is not what the index says`, async () => {
      setting.index.projects = { flask: [wheel('flask', '1.0', { hashes: { [algorithm]: 'ab'.repeat(16) } })] }
      await using recorded = await setting.start(recording)
      await setting.page(recorded, 'flask')
      const { status } = await get(recorded, setting.file('flask-1.0-py2.py3-none-any.whl'))
      assert.equal(status, 502)
      assert.ok(recorded.proxy.failure instanceof Problem)
      assert.equal(recorded.proxy.failure.code, 'hash-mismatch')
    })
  }

  it('locks nothing that pip only looks into', async () => {
    setting.index.projects = { flask: [wheel('flask', '1.0', { metadata: 'Name: flask' })] }
    await using recorded = await setting.start(recording)
    const url = setting.file('flask-1.0-py2.py3-none-any.whl')
    const head = await get(recorded, url, { method: 'HEAD' })
    assert.equal(Number(head.headers['content-length']), setting.index.projects['flask']?.[0]?.content.length)
    const part = await get(recorded, url, { headers: { range: 'bytes=0-3' } })
    assert.deepEqual([part.status, part.body], [206, 'PK\x03\x04'])
    assert.equal((await get(recorded, `${url}.metadata`)).body, 'Name: flask')
    assert.deepEqual(recorded.proxy.artifacts, [])
    assert.equal((await get(recorded, url, { headers: { range: 'bytes=5-' } })).status, 200)
    assert.deepEqual(lines(recorded), ['flask 1.0'])
  })

  it('locks what uv looks into to write a lock of its own, with its source', async () => {
    const source = await makeSdist({ name: 'colorama', version: '1.0' }, { name: 'x', requirement: 'x' })
    setting.index.projects = { colorama: [wheel('colorama', '1.0'), source] }
    await using recorded = await setting.start(recording)
    const headers = { accept: json, 'user-agent': 'uv/0.13.9 {"installer":{"subcommand":["sync"]}}' }
    await get(recorded, `${setting.index.origin}/simple/colorama/`, { headers })
    const ranged = { headers: { ...headers, range: 'bytes=-4' } }
    const url = setting.file('colorama-1.0-py2.py3-none-any.whl')
    for (const wanted of [url, url]) assert.equal((await get(recorded, wanted, ranged)).status, 206)
    assert.deepEqual(lines(recorded), ['colorama 1.0', 'colorama 1.0'])
    assert.equal(recorded.notices.length, 1)
  })

  it('passes on that the index wants a password, and the password', async () => {
    const headers = { 'www-authenticate': 'Basic realm="index"' }
    setting.index.instead.set('/simple/flask/', { status: 401, headers, body: 'who are you?' })
    await using recorded = await setting.start(recording)
    const options = {
      headers: { ...asJson.headers, authorization: 'Basic eDp5', cookie: 'a=b', 'if-none-match': '"x"' },
    }
    const refused = await get(recorded, `${setting.index.origin}/simple/flask/`, options)
    assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, headers['www-authenticate']])
    const { authorization, cookie, 'if-none-match': condition } = setting.index.headers
    assert.deepEqual([authorization, cookie, condition], ['Basic eDp5', undefined, undefined])
  })

  it('leaves alone what only looks like an index', async () => {
    setting.index.instead.set('/simple/price?ids=a', { headers: { 'content-type': 'application/json' }, body: '{}' })
    setting.index.instead.set('/simple/guide/', { body: '<title>A simple guide</title>' })
    await using recorded = await setting.start(recording)
    for (const path of ['/simple/price?ids=a', '/simple/guide/', '/simple/none/', '/downloads/nginx-1.0.tar.gz']) {
      const { status, body } = await get(recorded, `${setting.index.origin}${path}`)
      assert.deepEqual([status, /cannot lock a GET/.test(body)], [403, true], path)
    }
    const posted = await get(recorded, `${setting.index.origin}/simple/flask/`, { method: 'POST' })
    assert.equal(posted.status, 403)
    const url = `${setting.index.origin}/simple/guide/`
    const other: Artifact = { kind: 'http', name: url, version: '', url, sha256: '0'.repeat(64), size: 1 }
    await using again = await setting.start({
      mode: 'replay',
      artifacts: [other],
      provide: () => Promise.reject(new Error('x')),
    })
    assert.equal((await get(again, url)).status, 403)
  })
})
