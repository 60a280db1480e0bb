import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caddyConfig, type CaddyFacts } from './caddy-config.ts'
import { hostsFile, serialOf } from './hosts-file.ts'

const facts: CaddyFacts = {
  httpPort: 80,
  httpsPort: 443,
  nameServerPort: 5300,
  adminSocket: '/run/berth/front/admin/socket',
  dataDirectory: '/var/lib/berth/caddy',
  knownHosts: '/run/berth/front/known',
  domains: [],
  certificates: 'public',
}

interface Config {
  apps: { http: { servers: Record<string, { listen: string[]; routes: object[] }> }; tls?: { automation: object } }
}

const configOf = (changes: Partial<CaddyFacts> = {}) => caddyConfig({ ...facts, ...changes }) as Config

describe('caddyConfig()', () => {
  it('has one plain server and no certificates without domains', () => {
    const { apps } = configOf()
    assert.deepEqual(Object.keys(apps.http.servers), ['plain'])
    assert.deepEqual(apps.http.servers['plain']?.listen, [':80'])
    assert.equal(apps.tls, undefined)
  })

  it('asks the name server for the host of the request, and for nothing else', () => {
    const text = JSON.stringify(configOf())
    assert.match(text, /"name":"\{http\.request\.host\}\.berth\.internal\."/)
    assert.match(text, /"addresses":\["udp\/127\.0\.0\.1:5300"\]/)
  })

  it('serves domains over TLS, and redirects plain requests for them', () => {
    const { apps } = configOf({ domains: ['shop.example.org'] })
    assert.deepEqual(apps.http.servers['secure']?.listen, [':443'])
    assert.deepEqual(apps.tls?.automation, { policies: [{ subjects: ['shop.example.org'] }] })
    assert.match(JSON.stringify(apps.http.servers['plain']?.routes[0]), /"https:\/\/\{http\.request\.host\}\{/)
  })

  it('names another https port in the redirect', () => {
    const config = JSON.stringify(configOf({ domains: ['shop.example.org'], httpsPort: 8443 }))
    assert.match(config, /"https:\/\/\{http\.request\.host\}:8443\{http\.request\.uri\}"/)
  })
})

describe('hostsFile()', () => {
  const table = new Map([
    ['Shop.localhost', '10.0.0.3'],
    ['blog.localhost', '10.0.0.1'],
  ])

  it('has a line for each host and one for the serial, in one order', () => {
    assert.equal(
      hostsFile(table, 258),
      '10.0.0.1 blog.localhost.berth.internal\n10.0.0.3 shop.localhost.berth.internal\n127.0.1.2 serial.berth.internal\n',
    )
  })

  it('gives its serial back', () => {
    assert.equal(serialOf(hostsFile(table, 70_000)), 70_000)
    assert.equal(serialOf(''), 0)
  })
})
