import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Grant } from '../host/network-grants.ts'
import type { Opening } from '../model/egress.ts'
import { AskedNames } from './asked.ts'
import { encodeQuery, parseReply, rcodes } from './dns-message.ts'
import { refuser, relay, type RelayParts } from './relay.ts'
import type { Lookup } from './upstream.ts'

const sandbox = '10.192.16.3'

/** A relay whose name servers know these names, asked by a sandbox that may reach these. */
class Scene {
  readonly opened: string[] = []
  readonly lookedUp: string[] = []
  readonly asked = new AskedNames()
  readonly #parts: RelayParts

  constructor(
    egress: readonly string[],
    names: Readonly<Record<string, readonly string[]>>,
    more: Partial<RelayParts> = {},
  ) {
    const grant: Grant = { id: 'shop-7', interfaceName: 'bv-c01002', address: sandbox, egress, links: ['blog'] }
    this.#parts = {
      grantOf: (address) => Promise.resolve(address === sandbox ? grant : undefined),
      links: () => Promise.resolve({ blog: ['10.192.16.5', '10.192.16.7'], other: ['10.192.16.9'] }),
      lookUp: (name) => Promise.resolve(this.#lookUp(names, name)),
      open: (_, addresses, openings) => {
        this.#open(addresses, openings)
        return Promise.resolve()
      },
      own: () => ['192.0.2.1'],
      block: '10.192.16.0/20',
      asked: this.asked,
      ...more,
    }
  }

  #lookUp(names: Readonly<Record<string, readonly string[]>>, name: string): Lookup {
    this.lookedUp.push(name)
    const addresses = names[name]
    return addresses ? { kind: 'found', addresses, ttl: 60 } : { kind: 'no-such-name' }
  }

  #open(addresses: readonly string[], openings: readonly Opening[]): void {
    for (const address of addresses) {
      for (const { port, transport } of openings) this.opened.push(`${address}:${port}/${transport}`)
    }
  }

  /** The addresses of an answer, or its rcode when there are none. */
  async ask(name: string, { from = sandbox, type = 1 } = {}): Promise<readonly string[] | number | undefined> {
    const query = encodeQuery(name)
    query.writeUInt16BE(type, query.length - 11 - 4)
    const message = await relay(this.#parts, query, from)
    const reply = message && parseReply(query, message)
    return reply && reply.records.length > 0 ? reply.records.map(({ address }) => address) : reply?.rcode
  }
}

describe('relay()', () => {
  it('answers a declared name, and opens its port before', async () => {
    const scene = new Scene(['api.example.org:443', 'api.example.org:53/udp'], { 'api.example.org': ['1.2.3.4'] })
    assert.deepEqual(await scene.ask('api.example.org'), ['1.2.3.4'])
    assert.deepEqual(scene.opened, ['1.2.3.4:443/tcp', '1.2.3.4:53/udp'])
  })

  it('asks nobody for another name, and remembers it', async () => {
    const scene = new Scene(['api.example.org:443'], { 'evil.org': ['1.2.3.4'] })
    for (const name of ['evil.org', 'secret.api.example.org', 'example.org']) {
      assert.equal(await scene.ask(name), rcodes.noSuchName)
    }
    assert.deepEqual(scene.lookedUp, [])
    assert.deepEqual(
      scene.asked.list().map(({ name }) => name),
      ['evil.org', 'secret.api.example.org', 'example.org'],
    )
  })

  it('answers nobody who is no sandbox', async () => {
    const scene = new Scene(['api.example.org:443'], { 'api.example.org': ['1.2.3.4'] })
    assert.equal(await scene.ask('api.example.org', { from: '203.0.113.9' }), rcodes.noSuchName)
  })

  it('has no IPv6 addresses of a declared name, and says so without asking', async () => {
    const scene = new Scene(['api.example.org:443'], { 'api.example.org': ['1.2.3.4'] })
    assert.equal(await scene.ask('api.example.org', { type: 28 }), rcodes.ok)
    assert.deepEqual(scene.lookedUp, [])
  })

  for (const address of [
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '10.192.16.5',
    '10.192.31.255',
    '192.0.2.1',
  ]) {
    it(`leads no name to ${address}`, async () => {
      const scene = new Scene(['api.example.org:443'], { 'api.example.org': [address] })
      assert.equal(await scene.ask('api.example.org'), rcodes.noSuchName)
      assert.deepEqual(scene.opened, [])
      assert.equal(scene.asked.list()[0]?.address, address)
    })
  }

  it('leads a declared name to a private address, but no name of the Internet', async () => {
    const names = {
      'db.internal': ['10.0.0.5'],
      'www.example.org': ['10.0.0.5'],
      'example.org': ['1.2.3.4', '10.0.0.5'],
    }
    const scene = new Scene(['db.internal:5432', 'internet'], names)
    assert.deepEqual(await scene.ask('db.internal'), ['10.0.0.5'])
    assert.equal(await scene.ask('www.example.org'), rcodes.noSuchName)
    assert.deepEqual(await scene.ask('example.org'), ['1.2.3.4'])
    assert.deepEqual(scene.opened, ['10.0.0.5:5432/tcp'])
  })

  it('answers a linked application’s name with what serves, and no other one’s', async () => {
    const scene = new Scene([], {})
    assert.deepEqual(await scene.ask('blog.berth.internal'), ['10.192.16.5'])
    assert.equal(await scene.ask('other.berth.internal'), rcodes.noSuchName)
    assert.equal(await scene.ask('berth.internal'), rcodes.noSuchName)
  })

  it('lets a program ask again when name servers or rules fail', async () => {
    const lookUp = () => Promise.reject(new Error('no network'))
    assert.equal(await new Scene(['a.org:1'], {}, { lookUp }).ask('a.org'), rcodes.failed)
    const open = () => Promise.reject(new Error('no table'))
    assert.equal(await new Scene(['a.org:1'], { 'a.org': ['1.2.3.4'] }, { open }).ask('a.org'), rcodes.failed)
  })
})

describe('refuser()', () => {
  it('tells everyone that there is no such name, and remembers it', async () => {
    const asked = new AskedNames()
    const query = encodeQuery('api.example.org')
    const answer = await refuser(asked)(query, sandbox)
    assert.equal(answer && parseReply(query, answer)?.rcode, rcodes.noSuchName)
    assert.equal(asked.list()[0]?.name, 'api.example.org')
  })
})

describe('AskedNames', () => {
  it('counts, and forgets what was heard of least lately', () => {
    const asked = new AskedNames()
    for (let index = 0; index < 1000; index += 1) {
      asked.note({ from: sandbox, name: `n${index}.org` })
      asked.note({ from: sandbox, name: 'again.org' })
      asked.note({ from: `10.0.${index >> 8}.${index & 255}`, name: 'x.org' })
    }
    const names = asked.list().filter(({ from }) => from === sandbox)
    assert.equal(names.length, 64)
    assert.equal(names.find(({ name }) => name === 'again.org')?.count, 1000)
    assert.ok(asked.list().length <= 64 + 256)
  })
})
