import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerTo, encodeQuery, parseQuestion, parseReply, rcodes, typeA } from './dns-message.ts'

/** What a resolver of a C library sends: a query of ours is one, too. */
const query = encodeQuery('api.example.org')

function questionOf(message: Buffer) {
  const question = parseQuestion(message)
  assert.ok(question)
  return question
}

describe('parseQuestion()', () => {
  it('reads the name in lower case', () => {
    const loud = Buffer.from(query)
    loud.write('API', 13, 'latin1')
    assert.equal(questionOf(loud).name, 'api.example.org')
    assert.equal(questionOf(query).type, typeA)
  })

  it('gives no name for one that no host has', () => {
    const strange = Buffer.from(query)
    strange.write(';\n\0', 13, 'latin1')
    assert.equal(questionOf(strange).name, undefined)
  })

  const broken = {
    'nothing at all': Buffer.alloc(0),
    'a header alone': query.subarray(0, 12),
    'a name that is cut off': query.subarray(0, 20),
    'a question that is cut off': query.subarray(0, 31),
    'an answer': withUint16(query, 2, 0x8000),
    'two questions': withUint16(query, 4, 2),
    'no question': withUint16(query, 4, 0),
    'another class': withUint16(query, 31, 3),
    'a name that points to itself': withUint16(query, 12, 0xc00c),
    'a label that is longer than the message': withByte(query, 12, 63),
    'a label of a kind that does not exist': withByte(query, 12, 0x80),
    'a very long message': Buffer.concat([query, Buffer.alloc(2000)]),
  }
  for (const [what, message] of Object.entries(broken)) {
    it(`takes no notice of ${what}`, () => assert.equal(parseQuestion(message), undefined))
  }

  it('bears whatever comes', () => {
    for (let seed = 1; seed < 3000; seed += 1) {
      const message = Buffer.from(query)
      message.writeUInt8((seed * 7919) & 0xff, seed % message.length)
      message.writeUInt8((seed * 104_729) & 0xff, (seed * 31) % message.length)
      parseQuestion(message)
      parseReply(query, message)
    }
  })
})

describe('parseReply()', () => {
  const question = questionOf(query)

  it('reads what answerTo() writes', () => {
    const answer = answerTo(question, { rcode: rcodes.ok, addresses: ['93.184.216.34', '1.2.3.4'], ttl: 60 })
    assert.deepEqual(parseReply(query, answer), {
      rcode: 0,
      wasCut: false,
      records: [
        { address: '93.184.216.34', ttl: 60 },
        { address: '1.2.3.4', ttl: 60 },
      ],
    })
  })

  it('passes over other records, such as aliases', () => {
    const alias = Buffer.from([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 16])
    const answer = answerTo(question, { rcode: rcodes.ok, addresses: ['1.2.3.4'], ttl: 60 })
    const head = query.length - 11
    const whole = withUint16(Buffer.concat([answer.subarray(0, head), alias, answer.subarray(head)]), 6, 2)
    assert.deepEqual(parseReply(query, whole)?.records, [{ address: '1.2.3.4', ttl: 60 }])
  })

  it('takes what there is of an answer that is cut off', () => {
    const answer = answerTo(question, { rcode: rcodes.ok, addresses: ['1.2.3.4', '5.6.7.8'], ttl: 60 })
    assert.deepEqual(parseReply(query, answer.subarray(0, -3))?.records, [{ address: '1.2.3.4', ttl: 60 }])
  })

  it('takes no answer to another question', () => {
    const other = encodeQuery('other.example.org')
    const answer = answerTo(questionOf(other), { rcode: rcodes.ok, addresses: ['1.2.3.4'], ttl: 60 })
    assert.equal(parseReply(query, withUint16(answer, 0, query.readUInt16BE(0))), undefined)
    const own = answerTo(question, { rcode: rcodes.ok, addresses: ['1.2.3.4'], ttl: 60 })
    assert.equal(parseReply(query, withUint16(own, 0, query.readUInt16BE(0) ^ 1)), undefined)
    assert.equal(parseReply(query, query), undefined, 'nor the question itself')
  })

  it('says when no such name is there', () => {
    const answer = answerTo(question, { rcode: rcodes.noSuchName, addresses: [], ttl: 0 })
    assert.deepEqual(parseReply(query, answer), { rcode: 3, wasCut: false, records: [] })
  })
})

function withUint16(message: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(value, offset)
  return copy
}

function withByte(message: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt8(value, offset)
  return copy
}
