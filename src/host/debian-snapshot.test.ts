import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findDebianSnapshot, likelyMoments, snapshotUrl } from './debian-snapshot.ts'

const moment = new Date('2026-03-01T12:30:00.250Z')
const template = 'http://snapshot.example.org/archive/{archive}/{timestamp}/'

const cases: { it: string; template?: string; url: string; found: string | undefined }[] = [
  {
    it: 'a package of the archive',
    url: 'http://deb.example.org/debian/pool/main/o/openssl/libssl3_3.0_amd64.deb',
    found: 'http://snapshot.example.org/archive/debian/20260301T123000Z/pool/main/o/openssl/libssl3_3.0_amd64.deb',
  },
  {
    it: 'an index of the archive of security updates',
    url: 'http://deb.example.org/mirror/debian-security/dists/bookworm-security/InRelease',
    found: 'http://snapshot.example.org/archive/debian-security/20260301T123000Z/dists/bookworm-security/InRelease',
  },
  {
    it: 'a folder of a pool that is called as the pool is',
    template: 'http://x/{timestamp}',
    url: 'http://deb.example.org/debian/pool/main/p/pool/pool/a.deb',
    found: 'http://x/20260301T123000Z/pool/main/p/pool/pool/a.deb',
  },
  { it: 'no file of an archive', url: 'http://example.org/files/a.deb', found: undefined },
  { it: 'no archive without a name', url: 'http://example.org/pool/a.deb', found: undefined },
  {
    it: 'nothing where there is no place for the time',
    template: 'http://x/',
    url: 'http://e/debian/pool/a.deb',
    found: undefined,
  },
  {
    it: 'nothing for what is no address',
    template: '{timestamp}',
    url: 'http://e/debian/pool/a.deb',
    found: undefined,
  },
]

describe('snapshotUrl()', () => {
  for (const { it: name, template: own = template, url, found } of cases) {
    it(`finds ${name}`, () => assert.equal(snapshotUrl(own, new URL(url), moment)?.href, found))
  }
})

describe('likelyMoments()', () => {
  it('goes further and further from the youngest file, and ends now', () => {
    const moments = likelyMoments(new Date('2026-01-01T00:00:00Z'), new Date('2026-01-06T00:00:00Z'))
    const days = moments.map((each) => each.toISOString().slice(0, 10))
    assert.deepEqual(days, ['2026-01-02', '2026-01-03', '2026-01-05', '2026-01-06'])
  })
})

describe('findDebianSnapshot()', () => {
  it('finds none where nothing is said', () => {
    assert.equal(findDebianSnapshot({ BERTH_DEBIAN_SNAPSHOT: '' }), undefined)
    assert.equal(findDebianSnapshot({ BERTH_DEBIAN_SNAPSHOT: template }), template)
  })
})
