import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Artifact } from '../../model/lock.ts'
import type { IndexFile } from './pypi-index.ts'
import { parseFileName } from './pypi-name.ts'
import { backendsAsOf, hide, readTime } from './pypi-visible.ts'

function file(name: string, uploaded?: string, more: Partial<IndexFile> = {}): IndexFile {
  const parsed = parseFileName(name)
  assert.ok(parsed, name)
  const url = `https://files.example/${name}`
  return { ...parsed, file: name, url, hashes: {}, ...(uploaded === undefined ? {} : { uploaded }), ...more }
}

function locked(name: string, sha256 = 'a'.repeat(64)): Artifact {
  const parsed = parseFileName(name)
  assert.ok(parsed, name)
  const { name: project, version } = parsed
  return { kind: 'pypi', name: project, version, url: `https://files.example/${name}`, sha256, size: 1 }
}

const names = ({ files }: { files: readonly IndexFile[] }) => files.map(({ file }) => file)

describe('hide()', () => {
  const asOf = new Date('2016-02-14T17:54:35Z')
  const werkzeug = [
    file('Werkzeug-0.11.3.tar.gz', '2015-12-20T12:00:00.000000Z'),
    file('Werkzeug-0.11.4.tar.gz', '2016-02-14T17:54:32.000000Z'),
    file('Werkzeug-0.11.4-py2.py3-none-any.whl', '2016-02-14T17:54:40.000000Z'),
    file('Werkzeug-0.1.tar.gz'),
  ]

  it('hides files that came later, one by one, and those of no known time', () => {
    const visible = hide('werkzeug', werkzeug, { asOf, held: [] })
    assert.deepEqual(names(visible), ['Werkzeug-0.11.3.tar.gz', 'Werkzeug-0.11.4.tar.gz'])
    assert.deepEqual([visible.later, visible.untimed], [1, 1])
  })

  it('hides nothing without a day', () => {
    assert.equal(hide('werkzeug', werkzeug, { asOf: undefined, held: [] }).files.length, 4)
  })

  it('sees build backends of a later day, but not of any', () => {
    const setuptools = [
      file('setuptools-20.1.1-py2.py3-none-any.whl', '2016-02-12T00:00:00Z'),
      file('setuptools-80.9.0-py3-none-any.whl', '2025-05-27T00:00:00Z'),
      file('setuptools-82.0.0-py3-none-any.whl', '2026-02-08T00:00:00Z'),
    ]
    assert.equal(names(hide('setuptools', setuptools, { asOf, held: [] })).at(-1), 'setuptools-80.9.0-py3-none-any.whl')
    const later = new Date('2026-03-01T00:00:00Z')
    assert.equal(hide('setuptools', setuptools, { asOf: later, held: [] }).files.length, 3)
    assert.ok(backendsAsOf < later)
  })

  it('shows only the versions of an earlier lock, whatever their files', () => {
    const held = [locked('Werkzeug-0.11.4.tar.gz')]
    const visible = hide('werkzeug', werkzeug, { asOf: undefined, held })
    assert.deepEqual(names(visible), ['Werkzeug-0.11.4.tar.gz', 'Werkzeug-0.11.4-py2.py3-none-any.whl'])
  })

  it('keeps what is locked although it is younger, yanked or forgotten by the index', () => {
    const held = [locked('Werkzeug-0.11.4-py2.py3-none-any.whl'), locked('Werkzeug-0.1.2.tar.gz')]
    const files = werkzeug.map((each) => ({ ...each, yanked: 'broken' }))
    const visible = hide('werkzeug', files, { asOf: new Date('2016-01-01T00:00:00Z'), held })
    assert.deepEqual(names(visible), ['Werkzeug-0.11.4-py2.py3-none-any.whl', 'Werkzeug-0.1.2.tar.gz'])
    assert.ok(visible.files.every(({ yanked }) => yanked === undefined))
  })

  it('does not take a replaced file for the one that is locked', () => {
    const replaced = [file('flask-1.0.tar.gz', undefined, { hashes: { sha256: 'b'.repeat(64) } })]
    const visible = hide('flask', replaced, { asOf, held: [locked('flask-1.0.tar.gz')] })
    assert.deepEqual(
      visible.files.map(({ hashes }) => hashes['sha256']),
      ['a'.repeat(64)],
    )
  })
})

describe('readTime()', () => {
  const cases: [string, string | undefined][] = [
    ['2016-02-14T17:54:32.123456Z', '2016-02-14T17:54:32.123Z'],
    ['2016-02-14T17:54:32+02:00', '2016-02-14T15:54:32.000Z'],
    ['2016-02-14T17:54:32', '2016-02-14T17:54:32.000Z'],
    ['2016-02-14', undefined],
    ['2016-13-14T17:54:32Z', undefined],
    ['yesterday', undefined],
  ]
  for (const [text, is] of cases) it(`reads ${text}`, () => assert.equal(readTime(text)?.toISOString(), is))
})
