import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSince } from './commands/logs.ts'
import { readSettings } from './settings.ts'

describe('readSettings()', () => {
  const ask = {
    confirm: () => Promise.resolve(true),
    secret: (prompt: string) => Promise.resolve(`asked ${prompt.trim()}`),
  }
  const context = { ask, readStdin: () => Promise.resolve('piped\n') }
  const cases = [
    { words: ['A=1', 'B='], expected: { A: '1', B: '' } },
    { words: ['URL=postgres://u:p@h/d?a=b'], expected: { URL: 'postgres://u:p@h/d?a=b' } },
    { words: ['KEY=-'], expected: { KEY: 'piped' } },
    { words: ['KEY'], expected: { KEY: 'asked KEY:' } },
    { words: ['__proto__=x'], expected: JSON.parse('{"__proto__":"x"}') as object },
  ]
  for (const { words, expected } of cases) {
    it(`reads ${words.join(' ')}`, async () => assert.deepEqual(await readSettings(words, context), expected))
  }

  const refusals = [
    { words: ['1A=x'], says: /no name/ },
    { words: ['=x'], says: /no name/ },
    { words: ['A=1', 'A=2'], says: /twice/ },
    { words: ['A=-', 'B=-'], says: /both/ },
  ]
  for (const { words, says } of refusals) {
    it(`refuses ${words.join(' ')}`, () => assert.rejects(readSettings(words, context), says))
  }

  it('asks nobody where there is no terminal', () =>
    assert.rejects(readSettings(['KEY'], { ...context, ask: undefined }), /KEY has no value/))
})

describe('parseSince()', () => {
  const now = new Date('2026-11-23T12:00:00Z')
  const cases = {
    '90s': '2026-11-23T11:58:30.000Z',
    '10m': '2026-11-23T11:50:00.000Z',
    '2h': '2026-11-23T10:00:00.000Z',
    '1d': '2026-11-22T12:00:00.000Z',
    '2026-11-01': '2026-11-01T00:00:00.000Z',
    '2026-11-01T10:00:00+02:00': '2026-11-01T08:00:00.000Z',
  }
  for (const [text, expected] of Object.entries(cases)) {
    it(`reads ${text}`, () => assert.equal(parseSince(text, now), expected))
  }
  for (const text of ['yesterday', '10', '5w', '2026-13-01', '']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseSince(text, now), /is no time/))
  }
})
