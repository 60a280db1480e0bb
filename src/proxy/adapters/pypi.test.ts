import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { get, recording } from '../../../tests/adapters/proxy.ts'
import { backendModule, makeSdist, makeWheel, sha256Of, wheel } from '../../../tests/adapters/pypi-packages.ts'
import { asJson, lines, PypiSetting, type Page } from '../../../tests/adapters/pypi-setting.ts'
import type { Session } from '../session.ts'

describe('pypi', () => {
  let setting: PypiSetting
  before(async () => {
    setting = await PypiSetting.make()
  })
  after(() => setting.remove())
  beforeEach(() => setting.index.reset())

  const asOf = (day: string): Session => ({ mode: 'record', held: [], asOf: new Date(day) })

  it('lets pip install the same in a replay, which asks no index', async () => {
    setting.index.projects = {
      shop: [makeWheel({ name: 'shop', version: '1.0', requires: ['Lib_One>=1', 'lib.two'] })],
      'lib-one': [wheel('lib-one', '1.0'), wheel('lib-one', '1.5'), wheel('lib-one', '2.0', { requiresPython: '<3' })],
      'lib-two': [wheel('lib_two', '0.9'), wheel('lib_two', '1.0', { yanked: 'broken' })],
    }
    await using recorded = await setting.start(recording)
    const first = await setting.pip(recorded, 'shop')
    assert.deepEqual(first, ['lib_one-1.5', 'lib_two-0.9', 'shop-1.0'])
    assert.deepEqual(lines(recorded), ['lib-one 1.5', 'lib-two 0.9', 'shop 1.0'])
    setting.index.projects = {}
    setting.index.asked = []
    await using again = await setting.replay(recorded)
    assert.deepEqual(await setting.pip(again, 'shop'), first)
    assert.deepEqual([setting.index.asked, again.proxy.missing], [[], []])
  })

  it('shows pip the index of a day, and build backends of a later one', async () => {
    const backend = { name: 'flit-core', requirement: 'flit-core>=3' }
    const source = await makeSdist({ name: 'shop', version: '1.0', requires: ['lib'] }, backend)
    const flit = (version: string) => makeWheel({ name: 'flit-core', version }, backendModule)
    setting.index.projects = {
      shop: [{ ...source, uploaded: '2015-01-01T00:00:00Z' }],
      lib: [
        wheel('lib', '1', { uploaded: '2016-03-01T00:00:00Z' }),
        wheel('lib', '2', { uploaded: '2016-03-01T00:00:01Z' }),
      ],
      'flit-core': [
        { ...flit('2.0'), uploaded: '2015-01-01T00:00:00Z' },
        { ...flit('3.1'), uploaded: '2020-01-01T00:00:00Z' },
        { ...flit('3.2'), uploaded: '2099-01-01T00:00:00Z' },
      ],
    }
    await using recorded = await setting.start(asOf('2016-03-01T00:00:00Z'))
    const first = await setting.pip(recorded, 'shop')
    assert.deepEqual(first, ['lib-1', 'shop-1.0'])
    assert.deepEqual(lines(recorded), ['flit-core 3.1', 'lib 1', 'shop 1.0'])
    await using again = await setting.replay(recorded)
    assert.deepEqual(await setting.pip(again, 'shop'), first)
  })

  it('writes the page of a recording and of its replay alike', async () => {
    setting.index.projects = {
      flask: [wheel('Flask', '1.0', { uploaded: '2018-04-26T00:00:00Z', metadata: 'Name: Flask' })],
    }
    await using recorded = await setting.start(recording)
    await get(recorded, setting.file('Flask-1.0-py2.py3-none-any.whl'))
    await using again = await setting.replay(recorded)
    // What only a real index knows.
    const plain = ({ meta, versions, files }: Page) => [
      ...[meta, versions],
      ...files.map((each) => ({ ...each, 'upload-time': '', 'core-metadata': '', 'data-dist-info-metadata': '' })),
    ]
    const page = await setting.page(again, 'Flask')
    assert.deepEqual(plain(page), plain(await setting.page(recorded, 'flask')))
    assert.equal(page.files[0]?.['url'], setting.file('Flask-1.0-py2.py3-none-any.whl'))
    const written = await get(again, `${setting.index.origin}/simple/flask`)
    assert.match(written.headers['content-type'] ?? '', /^text\/html/)
    assert.ok(written.body.includes(`<a href="${setting.file('Flask-1.0-py2.py3-none-any.whl')}#sha256=`), written.body)
  })

  it('has for Poetry what the public index tells of a release, but no requirements', async () => {
    setting.index.projects = { flask: [wheel('flask', '0.9'), wheel('flask', '1.0'), wheel('flask', '2.0rc1')] }
    await using recorded = await setting.start(recording)
    for (const version of ['0.9', '1.0']) await get(recorded, setting.file(`flask-${version}-py2.py3-none-any.whl`))
    await using again = await setting.replay(recorded)
    for (const proxy of [recorded, again]) {
      const ask = async (path: string) => get(proxy, `${setting.index.origin}/pypi/${path}/json`)
      const { info, urls } = JSON.parse((await ask('Flask/0.9')).body) as { info: object; urls: { digests: object }[] }
      assert.deepEqual(info, { ...info, name: 'flask', version: '0.9', requires_dist: null, yanked: false })
      assert.deepEqual(urls[0]?.digests, { sha256: sha256Of(wheel('flask', '0.9').content) })
      assert.match((await ask('flask')).body, /"version":"1.0"/)
      assert.equal((await ask('flask/7')).status, 404)
      assert.equal((await ask('django')).status, 404)
    }
    assert.deepEqual(again.proxy.missing, ['flask 7', 'django'])
  })

  it('serves pages of links, and the same links in a replay', async () => {
    setting.index.projects = { flask: [wheel('flask', '1.0')], jinja2: [wheel('jinja2', '2.0')] }
    const hrefs = ['flask-1.0', 'jinja2-2.0'].map((stem) => `<a href="files/${stem}-py2.py3-none-any.whl">x</a>`)
    setting.index.instead.set('/stable.html', { body: hrefs.join('') })
    await using recorded = await setting.start(recording)
    const links = ['--no-index', '-f', `${setting.index.origin}/stable.html`]
    assert.deepEqual(await setting.pip(recorded, ...links, 'flask'), ['flask-1.0'])
    await using again = await setting.replay(recorded)
    assert.deepEqual(await setting.pip(again, ...links, 'flask'), ['flask-1.0'])
    const below = await get(again, `${setting.index.origin}/files/`, asJson)
    assert.match(below.body, /flask-1\.0/)
  })
})
