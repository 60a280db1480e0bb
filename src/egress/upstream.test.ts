import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { describe, it } from 'node:test'
import { hasCode } from '../host/files.ts'
import { answerTo, parseQuestion, rcodes, type Rcode } from './dns-message.ts'
import { hostsEntry, lookUp, parsePlace, serversOf } from './upstream.ts'

interface Saying {
  readonly rcode: Rcode
  readonly addresses: readonly string[]
  readonly ttl?: number
  /** Whether it says by UDP that there is more. */
  readonly cut?: boolean
}

/** A name server on loopback, by UDP and TCP. Gives its place, and ends when it is disposed of. */
async function nameServer(saying: Saying) {
  const answer = (query: Buffer, byTcp: boolean): Buffer => {
    const question = parseQuestion(query.length > 300 ? query.subarray(0, 300) : query)
    assert.ok(question)
    const isCut = saying.cut === true && !byTcp
    const message = answerTo(question, { ttl: 60, ...saying, addresses: isCut ? [] : saying.addresses })
    if (isCut) message.writeUInt16BE(message.readUInt16BE(2) | 0x0200, 2)
    return message
  }
  const tcp = createServer((socket) => {
    socket.once('data', (chunk) => {
      const message = answer(chunk.subarray(2), true)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(message.length)
      socket.end(Buffer.concat([length, message]))
    })
  })
  const udp = await listenWith(tcp)
  udp.on('message', (query, from) => udp.send(answer(query, false), from.port, from.address))
  return {
    place: `127.0.0.1:${udp.address().port}`,
    [Symbol.dispose]: () => {
      udp.close()
      tcp.close()
    },
  }
}

/** Has a server listen, and gives a socket for UDP on its port: one that is free for TCP may be taken there. */
async function listenWith(tcp: Server): Promise<Socket> {
  for (;;) {
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const udp = createSocket('udp4')
    udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1')
    try {
      await once(udp, 'listening')
      return udp
    } catch (error) {
      udp.close()
      tcp.close()
      await once(tcp, 'close')
      if (!hasCode(error, 'EADDRINUSE')) throw error
    }
  }
}

/** These servers answer at once, but a machine may stall for longer than a server gets. */
const ask = (name: string, places: readonly string[]) => lookUp(name, places, 60_000)

describe('lookUp()', () => {
  it('gives what the first server says that knows', async () => {
    using broken = await nameServer({ rcode: rcodes.failed, addresses: [] })
    using good = await nameServer({ rcode: rcodes.ok, addresses: ['1.2.3.4', '1.2.3.4', '5.6.7.8'] })
    const found = await ask('api.example.org', ['127.0.0.1:1', broken.place, good.place])
    assert.deepEqual(found, { kind: 'found', addresses: ['1.2.3.4', '5.6.7.8'], ttl: 60 })
  })

  it('believes a server that there is no such name', async () => {
    using none = await nameServer({ rcode: rcodes.noSuchName, addresses: [] })
    using good = await nameServer({ rcode: rcodes.ok, addresses: ['1.2.3.4'] })
    assert.deepEqual(await ask('api.example.org', [none.place, good.place]), { kind: 'no-such-name' })
  })

  it('fails when no server answers', async () =>
    assert.deepEqual(await ask('api.example.org', ['127.0.0.1:1', 'nonsense']), { kind: 'failed' }))

  it('asks by TCP when an answer does not fit', async () => {
    using server = await nameServer({ rcode: rcodes.ok, addresses: ['1.2.3.4'], cut: true })
    assert.deepEqual(await ask('api.example.org', [server.place]), {
      kind: 'found',
      addresses: ['1.2.3.4'],
      ttl: 60,
    })
  })

  it('keeps answers neither for ever nor not at all, and takes no more addresses than are of use', async () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `1.2.3.${index}`)
    using brief = await nameServer({ rcode: rcodes.ok, addresses, ttl: 0 })
    using long = await nameServer({ rcode: rcodes.ok, addresses, ttl: 2 ** 31 })
    const [soon, late] = [await ask('a.org', [brief.place]), await ask('a.org', [long.place])]
    assert.ok(soon.kind === 'found' && late.kind === 'found')
    assert.deepEqual([soon.ttl, late.ttl, soon.addresses.length], [5, 300, 16])
  })
})

describe('serversOf()', () => {
  it('gives the IPv4 servers of a resolv.conf', () => {
    const text =
      '# nameserver 9.9.9.9\nsearch lan\nnameserver 127.0.0.53\n nameserver\t10.0.0.1\nnameserver 2001:db8::1\n'
    assert.deepEqual(serversOf(text), ['127.0.0.53', '10.0.0.1'])
  })
})

describe('parsePlace()', () => {
  it('reads an address, with or without a port', () => {
    assert.deepEqual(parsePlace('10.0.0.53'), { address: '10.0.0.53', port: 53 })
    assert.deepEqual(parsePlace('10.0.0.53:5353'), { address: '10.0.0.53', port: 5353 })
    assert.equal(parsePlace('dns.example.org'), undefined)
  })
})

describe('hostsEntry()', () => {
  it('gives the addresses of a name, whatever its case', () => {
    const text = '127.0.0.1 localhost # db.internal\n10.0.0.5 DB.internal db\n::1 db.internal\n'
    assert.deepEqual(hostsEntry(text, 'db.internal'), ['10.0.0.5'])
    assert.deepEqual(hostsEntry(text, 'internal'), [])
  })
})
