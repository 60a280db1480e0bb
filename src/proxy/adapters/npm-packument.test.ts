import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Artifact } from '../../model/lock.ts'
import { newest, parseObject, readPackument, seenThrough, tagsOf } from './npm-packument.ts'

const packument = {
  name: 'x',
  'dist-tags': { latest: '2.0.0', next: '3.0.0', legacy: '1.1.0' },
  versions: { '1.0.0': {}, '1.1.0': {}, '2.0.0': {}, '2.1.0-rc.1': {}, '3.0.0': {} },
  time: {
    created: '2015-01-01T00:00:00.000Z',
    '1.0.0': '2015-01-01T00:00:00.000Z',
    '1.1.0': '2018-01-01T00:00:00.000Z',
    '2.0.0': '2017-01-01T00:00:00.000Z',
    '2.1.0-rc.1': '2017-02-01T00:00:00.000Z',
    '3.0.0': '2019-01-01T00:00:00Z',
  },
}

function locked(version: string, tags?: readonly string[]): Artifact {
  const artifact = { kind: 'npm' as const, name: 'x', version, url: `https://r.example.org/x-${version}.tgz` }
  return { ...artifact, sha256: '0'.repeat(64), size: 1, ...(tags ? { tags } : {}) }
}

describe('seenThrough()', () => {
  const cases = [
    {
      it: 'sees everything at last',
      asOf: '2019-01-01',
      versions: '1.0.0 1.1.0 2.0.0 2.1.0-rc.1 3.0.0',
      latest: '2.0.0',
    },
    { it: 'hides what came later', asOf: '2018-12-31', versions: '1.0.0 1.1.0 2.0.0 2.1.0-rc.1', latest: '2.0.0' },
    {
      it: 'hides an older line that came later',
      asOf: '2017-06-01',
      versions: '1.0.0 2.0.0 2.1.0-rc.1',
      latest: '2.0.0',
    },
    { it: 'falls back to what is stable', asOf: '2016-01-01', versions: '1.0.0', latest: '1.0.0' },
    { it: 'may leave nothing', asOf: '2014-01-01', versions: '', latest: undefined },
  ]
  for (const { it: name, asOf, versions, latest } of cases) {
    it(name, () => {
      const seen = seenThrough({ asOf: new Date(asOf), held: [] }, packument)
      assert.equal(Object.keys(seen.versions).join(' '), versions)
      assert.equal(seen['dist-tags']['latest'], latest)
      const tags = Object.values(seen['dist-tags'])
      assert.ok(tags.every((version) => version in seen.versions))
    })
  }

  it('does not take a preview for the latest', () => {
    const young = { ...packument, time: { ...packument.time, '2.0.0': '2020-01-01T00:00:00Z' } }
    assert.equal(seenThrough({ asOf: new Date('2019-06-01'), held: [] }, young)['dist-tags']['latest'], '1.1.0')
  })

  it('hides versions whose time is missing or no time, and their entries', () => {
    const broken = { ...packument, time: { '1.0.0': 'yesterday', '1.1.0': packument.time['1.1.0'], '3.0.0': 7 } }
    const seen = seenThrough({ asOf: new Date('2020-01-01'), held: [] }, broken)
    assert.deepEqual(Object.keys(seen.versions), ['1.1.0'])
    assert.deepEqual(Object.keys(seen.time ?? {}), ['1.1.0'])
  })

  it('shows nothing but what is held, however old it may be, under its own tags', () => {
    const held = [locked('1.0.0', ['latest']), locked('3.0.0'), locked('9.9.9', ['next'])]
    const seen = seenThrough({ asOf: new Date('2016-01-01'), held }, packument)
    assert.deepEqual(Object.keys(seen.versions), ['1.0.0', '3.0.0'])
    assert.deepEqual(seen['dist-tags'], { next: '3.0.0', latest: '1.0.0' })
  })
})

describe('readPackument()', () => {
  it('leaves what is no packument', () => {
    assert.equal(readPackument(parseObject('')), undefined)
    assert.equal(readPackument(parseObject('[]')), undefined)
    assert.equal(readPackument(parseObject('{"versions":{}}')), undefined)
    assert.equal(readPackument(parseObject('{"versions":[],"dist-tags":{}}')), undefined)
  })

  it('drops what is broken inside one', () => {
    const text =
      '{"versions":{"1.0.0":null,"1.0.1":{"dist":7},"__proto__":{}},"dist-tags":{"latest":7,"old":"1.0.1"},"time":[]}'
    const read = readPackument(parseObject(text))
    assert.deepEqual(Object.keys(read?.versions ?? {}), ['1.0.1', '__proto__'])
    assert.deepEqual(read?.['dist-tags'], { old: '1.0.1' })
  })
})

describe('newest()', () => {
  it('is the highest stable version, or the highest', () => {
    assert.equal(newest(['1.9.0', '1.10.0', '2.0.0-rc.1']), '1.10.0')
    assert.equal(newest(['2.0.0-rc.2', '2.0.0-rc.10']), '2.0.0-rc.10')
    assert.equal(newest(['nonsense', '1.0.0-x']), '1.0.0-x')
    assert.equal(newest([]), undefined)
  })
})

describe('tagsOf()', () => {
  it('gives a tag that two artifacts have to the higher version', () => {
    assert.deepEqual(tagsOf([locked('1.10.0', ['latest']), locked('1.9.0', ['latest', 'old'])]), {
      latest: '1.10.0',
      old: '1.9.0',
    })
  })
})
