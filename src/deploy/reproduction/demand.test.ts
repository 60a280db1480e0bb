import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { predicateType, statementType, type Statement } from '../../model/attestation.ts'
import { parseManifest } from '../../model/parse-manifest.ts'
import { Problem } from '../../model/problem.ts'
import { requireReproduced } from './demand.ts'
import { keyText, openEnvelope, signStatement } from './signing.ts'

const hex = 'a'.repeat(64)
const image = { app: 'shop', digest: `sha256:${hex}` } as const
const keys = Array.from({ length: 3 }, () => generateKeyPairSync('ed25519').privateKey)
const [one, other, stranger] = keys as [(typeof keys)[0], (typeof keys)[0], (typeof keys)[0]]

function statement(sha256 = hex): Statement {
  return {
    _type: statementType,
    subject: [{ name: 'shop', digest: { sha256 } }],
    predicateType,
    predicate: {
      result: 'reproduced',
      source: { treeDigest: `sha256:${hex}` },
      lock: { sha256: hex },
      builder: { name: 'berth', version: '1.0.0', recipe: 2 },
      varied: ['the directory'],
      notVaried: ['the kernel'],
      finishedOn: '2026-01-01T00:00:00Z',
    },
  }
}

const trusted = [keyText(one), keyText(other)]

function manifest(demanded: number) {
  const lines = `[install]\nreproduced_by = ${demanded}\ntrusted_keys = ${JSON.stringify(trusted)}\n`
  return parseManifest(lines, 'berth.toml')
}

function outcome(demanded: number, ...texts: string[]): readonly string[] | 'accepted' {
  try {
    requireReproduced(manifest(demanded), image, texts)
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'not-reproduced-by-others')
    return error.text.lines ?? []
  }
}

describe('requireReproduced()', () => {
  it('is content with as many keys as are demanded', () => {
    assert.equal(outcome(2, signStatement(statement(), one), signStatement(statement(), other)), 'accepted')
  })

  it('asks for nothing where nothing is demanded', () => {
    requireReproduced(parseManifest('', 'berth.toml'), image, [])
  })

  it('counts a key once, however often it has signed', () => {
    const lines = outcome(2, signStatement(statement(), one), signStatement(statement(), one))
    assert.deepEqual(lines, [`no statement of ${keyText(other)}`])
  })

  it('does not count a stranger', () => {
    const lines = outcome(1, signStatement(statement(), stranger))
    assert.equal(lines[0], 'statement 1: none of the trusted keys has signed it')
  })

  it('does not count a statement about another image', () => {
    const lines = outcome(1, signStatement(statement('b'.repeat(64)), one))
    assert.equal(lines[0], `statement 1: it is about sha256:${'b'.repeat(64)}`)
  })

  const broken: { it: string; text: string }[] = [
    { it: 'no JSON', text: 'x' },
    { it: 'another shape', text: '{"payload":"","signatures":[]}' },
    { it: 'a changed payload', text: withPayload(signStatement(statement('b'.repeat(64)), one), statement()) },
    { it: 'the name of a trusted key above the signature of a stranger', text: renamed() },
    {
      it: 'a signature that is none',
      text: signStatement(statement(), one).replace(/"sig": "[^"]*"/, '"sig": "AAAA"'),
    },
  ]
  for (const { it: name, text } of broken) {
    it(`does not count ${name}`, () => {
      const lines = outcome(1, text)
      assert.match(lines[0] ?? '', /^statement 1: /)
    })
  }
})

function withPayload(text: string, said: Statement): string {
  const envelope = JSON.parse(text) as Record<string, unknown>
  return JSON.stringify({ ...envelope, payload: Buffer.from(JSON.stringify(said)).toString('base64') })
}

function renamed(): string {
  return signStatement(statement(), stranger).replace(keyText(stranger), keyText(one))
}

describe('openEnvelope()', () => {
  it('gives the statement and the keys that fit', () => {
    const opened = openEnvelope(signStatement(statement(), one), [keyText(stranger), keyText(one)])
    assert.deepEqual(opened, { kind: 'signed', statement: statement(), keys: [keyText(one)] })
  })

  it('does not trust what a trusted key has signed that is no statement of ours', () => {
    const opened = openEnvelope(signStatement({ ...statement(), predicateType: 'other' as never }, one), trusted)
    assert.deepEqual(opened, { kind: 'refused', reason: 'it says something else' })
  })
})

describe('keyText()', () => {
  it('is what a manifest accepts', () => {
    assert.deepEqual(manifest(1).install.trusted_keys, trusted)
    assert.throws(() => parseManifest('[install]\ntrusted_keys = ["ed25519:short"]', 'berth.toml'), Problem)
  })
})
