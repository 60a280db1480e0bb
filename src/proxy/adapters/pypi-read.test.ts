import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Document } from '../adapter.ts'
import { readPage } from './pypi-read.ts'

const hash = 'a'.repeat(64)
const json = 'application/vnd.pypi.simple.v1+json'

function page(type: string, body: string, address = 'https://index.example/root/simple/flask/'): Document {
  return { status: 200, headers: { 'content-type': type }, body: Buffer.from(body), url: new URL(address) }
}
const readHtml = (body: string, isSurely = true) => readPage(page('text/html; charset=UTF-8', body), 'flask', isSurely)
const readJson = (files: unknown) =>
  readPage(page(json, JSON.stringify({ meta: { 'api-version': '1.1' }, files })), 'flask', true)

describe('readPage()', () => {
  it('reads HTML with all that PEP 503, 592 and 714 put on a link', () => {
    const files = readHtml(`<!DOCTYPE html><title>Links for flask</title>
      <!-- <a href="flask-9.tar.gz">gone</a> -->
      <A HREF='../../f/Flask-1.0.tar.gz#sha256=${hash}' data-requires-python="&gt;=2.7,&#33;=3.0" data-yanked="bro&quot;ken"
        data-upload-time="2018-04-26T00:00:00Z">Flask-1.0.tar.gz</a>
      <a href=https://files.example/flask-1.1-py3-none-any.whl data-core-metadata="sha256=${hash}" data-yanked>x</a>`)
    assert.deepEqual(files, [
      {
        ...{ name: 'flask', version: '1.0', type: 'sdist', file: 'Flask-1.0.tar.gz' },
        ...{ url: 'https://index.example/root/f/Flask-1.0.tar.gz', hashes: { sha256: hash } },
        ...{ requiresPython: '>=2.7,!=3.0', uploaded: '2018-04-26T00:00:00Z', yanked: 'bro"ken' },
      },
      {
        ...{ name: 'flask', version: '1.1', type: 'wheel', file: 'flask-1.1-py3-none-any.whl' },
        ...{ url: 'https://files.example/flask-1.1-py3-none-any.whl', hashes: {} },
        ...{ yanked: true, metadata: { sha256: hash } },
      },
    ])
  })

  it('resolves links against the base of the page', () => {
    const files = readHtml('<base href="/elsewhere/"><a href="flask-1.0.tar.gz">x</a>')
    assert.equal(files?.[0]?.url, 'https://index.example/elsewhere/flask-1.0.tar.gz')
  })

  it('reads JSON, and takes for absent what is not as PEP 691 says', () => {
    const url = 'https://files.example/flask-1.0.tar.gz'
    const files = readJson([
      { filename: 'flask-1.0.tar.gz', url, hashes: { sha256: hash, md5: 'zz' }, size: 5, 'upload-time': '2018-04-26' },
      { filename: 'flask-1.0.tar.gz', url, hashes: 7, size: -1, yanked: '', 'requires-python': null },
      { filename: 'flask-1.0.tar.gz', url: 'file:///etc/passwd', hashes: {} },
      { filename: '../flask-1.0.tar.gz', url, hashes: {} },
      { filename: 'django-1.0.tar.gz', url, hashes: {} },
      { filename: 5 },
      null,
    ])
    const name = { name: 'flask', version: '1.0', type: 'sdist', file: 'flask-1.0.tar.gz', url }
    assert.deepEqual(files, [
      { ...name, hashes: { sha256: hash }, size: 5, uploaded: '2018-04-26' },
      { ...name, hashes: {}, yanked: true },
    ])
  })

  const refused = [
    { it: 'is not JSON', body: '{"meta"' },
    { it: 'has no files', body: '{"meta":{"api-version":"1.0"}}' },
    { it: 'is of another version of the API', body: '{"meta":{"api-version":"2.0"},"files":[]}' },
  ]
  for (const { it: name, body } of refused) {
    it(`says so when a page ${name}`, () => {
      assert.throws(() => readPage(page(json, body), 'flask', true), /index\.example/)
    })
  }

  it('takes a page for an index only when it looks like one, or surely is one', () => {
    assert.equal(readHtml('<title>A simple guide</title><a href="/next">next</a>', false), undefined)
    assert.deepEqual(readHtml('<title>A simple guide</title>', true), [])
    assert.deepEqual(readHtml('<meta name="pypi:repository-version" content="1.0">', false), [])
    assert.equal(readPage(page('application/json', '{}'), 'flask', true), undefined)
  })

  const hostile = [
    { it: 'tags that do not end', body: '<a "'.repeat(400_000) },
    { it: 'comments that do not end', body: '<!-- '.repeat(400_000) },
    { it: 'one endless attribute', body: `<a href="${'x'.repeat(2_000_000)}` },
    { it: 'one endless list of attributes', body: `<a ${'a '.repeat(1_000_000)}` },
    { it: 'nothing but entities', body: `<a href="${'&amp;'.repeat(3_000)}">`.repeat(100) },
  ]
  for (const { it: name, body } of hostile) {
    // Quadratic time would be minutes; the test's own limit is what fails it.
    it(`survives ${name}`, { timeout: 20_000 }, () => assert.deepEqual(readHtml(body), []))
  }
})
