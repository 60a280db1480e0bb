import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { causeOf, causeOfContent, databaseOf, type Cause } from './difference-reason.ts'

describe('causeOfContent()', () => {
  const cases: { it: string; one: string; other: string; cause: Cause }[] = [
    { it: 'seconds since 1970', one: 'BUILT = 1732368215.22', other: 'BUILT = 1732368299.1', cause: 'time' },
    { it: 'a time of ISO 8601', one: 'at 2026-11-23T13:23:35Z.', other: 'at 2026-11-24T01:00:00Z.', cause: 'time' },
    { it: 'a time of ctime(3)', one: 'Mon Nov 23 13:23:35 2026', other: 'Tue Nov 24 02:00:00 2026', cause: 'time' },
    { it: 'a time of day', one: '"__TIME__" 13:23:35', other: '"__TIME__" 14:00:01', cause: 'time' },
    { it: 'a random number', one: 'x = 0.8444218515250481', other: 'x = 0.7579544029403025', cause: 'random' },
    {
      it: 'a UUID',
      one: 'id: 1b4e28ba-2fa1-11d2-883f-0016d3cca427',
      other: 'id: 6fa459ea-ee8a-3ca4-894e-db77e160355e',
      cause: 'random',
    },
    { it: 'a temporary name', one: "f='/srv/x-a8Xk2mQ_/m'", other: "f='/srv/x-Zp01kqWe/m'", cause: 'random' },
    {
      it: 'both',
      one: 'T = 1732368215\nR = 0.8444218515250481\n',
      other: 'T = 1732368299\nR = 0.1231234123412\n',
      cause: 'time and random',
    },
    { it: 'lines in another order', one: 'a,1\nb,2\nc,3\n', other: 'b,2\na,1\nc,3\n', cause: 'order' },
    { it: 'words in another order', one: "x = {'a', 'b'}", other: "x = {'b', 'a'}", cause: 'order' },
    { it: 'a path', one: 'dir=/tmp/build-1/x.c', other: 'dir=/var/lib/other/x.c', cause: 'path' },
    { it: 'a version, which is none of these', one: 'v = 1.2.3', other: 'v = 1.2.4', cause: 'unknown' },
    { it: 'other words', one: 'alpha', other: 'omega', cause: 'unknown' },
  ]
  for (const { it: name, one, other, cause } of cases) {
    it(`knows ${name}`, () => assert.equal(causeOfContent([Buffer.from(one), Buffer.from(other)]), cause))
  }

  it('knows the number of processors', () => {
    const contents = [Buffer.from('-j 8 of 80'), Buffer.from('-j 1 of 80')] as const
    assert.equal(causeOfContent(contents, { processors: [8, 1] }), 'processors')
    assert.equal(causeOfContent(contents, { processors: [4, 1] }), 'unknown')
  })

  it('knows the time in the header of a compressed file', () => {
    const [one, other] = [gzipSync('same'), gzipSync('same')]
    other.writeUInt32LE(1_732_368_215, 4)
    assert.equal(causeOfContent([one, other]), 'time')
  })

  it('does not blame the header when more than that differs', () => {
    const [one, other] = [gzipSync('some'), gzipSync('same')]
    other.writeUInt32LE(1_732_368_215, 4)
    assert.equal(causeOfContent([one, other]), 'unknown')
  })
})

describe('causeOf()', () => {
  it('names the mode before the time', () => {
    assert.equal(causeOf({ path: 'a', change: 'changed', aspects: ['mode', 'time'], detail: '' }), 'mode')
  })
  it('knows nothing of what is only in one of the two', () => {
    assert.equal(causeOf({ path: 'a', change: 'added', aspects: [], detail: '' }), 'unknown')
  })
})

describe('databaseOf()', () => {
  const cluster = 'var/lib/postgresql/15/main'
  const differing = new Set([`${cluster}/global/pg_control`, `${cluster}/pg_wal/000000010000000000000001`, 'srv/a'])

  it('names the cluster as the reason for every file in it', () => {
    for (const path of [`${cluster}/global/pg_control`, `${cluster}/pg_wal/000000010000000000000001`]) {
      assert.match(String(databaseOf(path, differing)), /PostgreSQL cluster/)
    }
  })

  it('says nothing of other files, nor of a cluster whose identifier is the same', () => {
    assert.equal(databaseOf('srv/a', differing), undefined)
    assert.equal(databaseOf(`${cluster}/pg_stat/pgstat.stat`, new Set([`${cluster}/pg_stat/pgstat.stat`])), undefined)
  })
})
