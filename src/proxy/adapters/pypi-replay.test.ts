import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { get, recording } from '../../../tests/adapters/proxy.ts'
import { wheel } from '../../../tests/adapters/pypi-packages.ts'
import { asJson, lines, PypiSetting } from '../../../tests/adapters/pypi-setting.ts'

describe('PypiReplay', () => {
  let setting: PypiSetting
  before(async () => {
    setting = await PypiSetting.make()
  })
  after(() => setting.remove())
  beforeEach(() => setting.index.reset())

  it('tells interpreters apart only where several versions are locked', async () => {
    setting.index.projects = {
      click: [wheel('click', '7.0', { requiresPython: '>=2.7' }), wheel('click', '8.0', { requiresPython: '>=3.6' })],
      flask: [wheel('flask', '2.0', { requiresPython: '>=3.6' })],
    }
    await using recorded = await setting.start(recording)
    for (const name of ['click-7.0', 'click-8.0', 'flask-2.0']) {
      await get(recorded, setting.file(`${name}-py2.py3-none-any.whl`))
    }
    await using again = await setting.replay(recorded)
    const requires = async (name: string) =>
      (await setting.page(again, name)).files.map((each) => each['requires-python'])
    assert.deepEqual(await requires('click'), ['>=2.7', '>=3.6'])
    assert.deepEqual(await requires('flask'), [null])
  })

  it('gives away a locked file by its name, whatever mirror a client knows it from', async () => {
    setting.index.projects = { torch: [{ ...wheel('torch', '1.0'), file: 'torch-1.0+cpu-py3-none-any.whl' }] }
    await using recorded = await setting.start(recording)
    await get(recorded, setting.file('torch-1.0+cpu-py3-none-any.whl'))
    assert.deepEqual(lines(recorded), ['torch 1.0+cpu'])
    await using again = await setting.replay(recorded)
    for (const url of [
      setting.file('torch-1.0%2Bcpu-py3-none-any.whl'),
      'http://other.example/t/torch-1.0+cpu-py3-none-any.whl',
    ]) {
      assert.equal((await get(again, url)).status, 200, url)
    }
    assert.equal((await get(again, 'http://other.example/torch-2.0-py3-none-any.whl')).status, 404)
    assert.deepEqual(again.proxy.missing, ['torch 2.0'])
  })

  it('serves the metadata of a locked wheel out of it', async () => {
    setting.index.projects = { flask: [wheel('flask', '1.0')] }
    await using recorded = await setting.start(recording)
    const url = setting.file('flask-1.0-py2.py3-none-any.whl')
    await get(recorded, url)
    await using again = await setting.replay(recorded)
    assert.equal((await setting.page(again, 'flask')).files[0]?.['core-metadata'], true)
    assert.match((await get(again, `${url}.metadata`)).body, /^Metadata-Version: 2.1\nName: flask\n/)
    assert.equal((await get(again, `${setting.file('flask-2.0-py3-none-any.whl')}.metadata`)).status, 404)
    await writeFile(join(setting.directory, 'blobs', recorded.proxy.artifacts[0]?.sha256 ?? ''), 'damaged')
    assert.equal((await get(again, `${url}.metadata`)).status, 502)
    assert.equal((await setting.page(again, 'flask')).files.length, 1)
  })

  it('says which project is not in the lock, and lists those that are', async () => {
    setting.index.projects = { flask: [wheel('flask', '1.0')] }
    await using recorded = await setting.start(recording)
    await get(recorded, setting.file('flask-1.0-py2.py3-none-any.whl'))
    await using again = await setting.replay(recorded)
    const { status, body } = await get(again, `${setting.index.origin}/simple/Flask_CORS/`)
    assert.equal(status, 404)
    assert.match(body, /flask-cors is not in berth\.lock/)
    assert.deepEqual(again.proxy.missing, ['flask-cors'])
    assert.match(
      (await get(again, `${setting.index.origin}/simple/`, { headers: { 'user-agent': 'setuptools/44' } })).body,
      /<a href="\/simple\/flask\/">flask<\/a>/,
    )
    assert.match((await get(again, `${setting.index.origin}/simple/`, asJson)).body, /"projects":\[{"name":"flask"}]/)
  })
})
