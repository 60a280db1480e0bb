import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPublicAddress, networkRange, whyNever } from './addresses.ts'
import { bandwidthOf, egressOf, egressText, openingsOf, parseEgress } from './egress.ts'

describe('parseEgress()', () => {
  const good = [
    'internet',
    'api.stripe.com:443',
    'db.internal:5432',
    'db:5432',
    '_srv.example.org:53/udp',
    '*.example.org:443',
    '10.0.0.5:22',
    '10.0.0.0/8:5432',
    '1.1.1.1:53/udp',
  ]
  for (const text of good) {
    it(`reads ${text}, and writes it the same`, () => {
      const parsed = parseEgress(text)
      assert.ok('egress' in parsed, JSON.stringify(parsed))
      assert.equal(egressText(parsed.egress), text)
    })
  }

  const bad = [
    ['api.stripe.com', 'lacks its port: write `api.stripe.com:443`'],
    ['10.0.0.5', 'lacks its port'],
    ['https://api.stripe.com/v1', 'not a URL: write `api.stripe.com:443`'],
    ['http://user@example.org:8080/', 'not a URL: write `example.org:8080`'],
    ['postgres://db.internal', 'write `db.internal:5432`'],
    ['API.stripe.com:443', 'must be in lower case: `api.stripe.com:443`'],
    ['api.stripe.com:0', 'port from 1 to 65535'],
    ['api.stripe.com:70000', 'port from 1 to 65535'],
    ['api.stripe.com:443/sctp', '`/udp` after it'],
    ['[2001:db8::1]:443', 'no IPv6'],
    ['2001:db8::1:443', 'no IPv6'],
    ['*:443', 'must begin with a domain name'],
    ['a.*.example.org:443', 'must begin with a domain name'],
    ['-a.example.org:443', 'must begin with a domain name'],
    [`${'a'.repeat(64)}.org:443`, 'must begin with a domain name'],
    [`${'a.'.repeat(130)}org:443`, 'must begin with a domain name'],
    ['a b:443', 'must begin with a domain name'],
    ['a;flush ruleset:1', 'must begin with a domain name'],
    ['', 'must be `name:port`'],
    ['0.0.0.0/0:443', 'write `internet`'],
    ['10.0.0.5/8:443', 'first address of its network'],
    ['10.0.0.0/33:443', 'must have an IPv4 address'],
    ['010.0.0.1:443', 'must have an IPv4 address'],
    ['127.0.0.1:80', 'cannot be opened: this host'],
    ['169.254.169.254:80', 'cannot be opened: link-local'],
    ['168.0.0.0/7:80', 'cannot be opened: link-local'],
    ['239.1.2.3:80', 'cannot be opened: multicast'],
    ['localhost:80', 'is the sandbox itself'],
    ['shop.berth.internal:80', 'write `links = ["shop"]`'],
  ] as const
  for (const [text, why] of bad) {
    it(`refuses ${text.slice(0, 40) || 'nothing at all'}, and says why`, () => {
      const parsed = parseEgress(text)
      assert.ok('fault' in parsed, JSON.stringify(parsed))
      assert.ok(parsed.fault.includes(why), parsed.fault)
    })
  }
})

describe('openingsOf()', () => {
  const declared = egressOf(['api.example.org:443', 'api.example.org:8443', '*.cdn.example.org:443', 'internet'])
  const cases = [
    ['api.example.org', [443, 8443]],
    ['evil.api.example.org', []],
    ['a.b.cdn.example.org', [443]],
    ['cdn.example.org', []],
    ['xcdn.example.org', []],
  ] as const
  for (const [name, ports] of cases) {
    it(`gives ${ports.length === 0 ? 'none' : ports.join(', ')} for ${name}`, () =>
      assert.deepEqual(
        openingsOf(declared, name).map(({ port }) => port),
        ports,
      ))
  }
})

describe('isPublicAddress()', () => {
  for (const address of ['1.1.1.1', '8.8.8.8', '100.63.255.255', '172.32.0.1', '198.20.0.1', '223.255.255.255'])
    it(`takes ${address}`, () => assert.equal(isPublicAddress(address), true))
  const others = ['0.1.2.3', '10.1.2.3', '100.64.0.1', '127.0.0.1', '168.63.129.16', '169.254.169.254', '172.31.0.1']
  for (const address of [...others, '192.168.1.1', '198.19.0.1', '224.0.0.1', '255.255.255.255', '1.2.3', 'a.b.c.d'])
    it(`does not take ${address}`, () => assert.equal(isPublicAddress(address), false))
})

describe('whyNever()', () => {
  it('finds a network that only overlaps', () =>
    assert.match(whyNever(networkRange('126.0.0.0/7') ?? [0, 0]) ?? '', /this host/))
  it('lets private networks be declared', () => assert.equal(whyNever(networkRange('10.0.0.0/8') ?? [0, 0]), undefined))
})

describe('bandwidthOf()', () => {
  it('counts in thousands, as networks do', () => assert.equal(bandwidthOf('100Mbit'), 100_000_000))
})
