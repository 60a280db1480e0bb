import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Variable } from '../../model/manifest.ts'
import { Problem } from '../../model/problem.ts'
import { Secret } from '../../model/secret.ts'
import { checkAssignment, configure, type GivenValue } from './index.ts'

const plain = (value: string): GivenValue => ({ kind: 'plain', value })
const declare = (variables: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, Variable.parse(variable)]))

describe('configure()', () => {
  it('names every missing, empty and ill-typed setting at once', () => {
    const declared = declare({
      WEBAPP_SECRET: { secret: true },
      DB_HOSTNAME: {},
      DB_PORT: { type: 'port' },
      MODE: { type: 'enum', values: ['a', 'b'] },
      FINE: {},
    })
    const given = new Map([
      ['DB_HOSTNAME', plain('')],
      ['DB_PORT', plain('80000')],
      ['MODE', plain('c')],
      ['FINE', plain('yes')],
    ])
    assert.throws(
      () => configure('shop', declared, given),
      (error) => {
        assert.ok(error instanceof Problem)
        assert.deepEqual(error.message.split('\n'), [
          'Set the WEBAPP_SECRET env variable',
          'Set the DB_HOSTNAME env variable: it is empty',
          'Set the DB_PORT env variable: it must be a port, 1 to 65535',
          'Set the MODE env variable: it must be one of a, b',
        ])
        return true
      },
    )
  })

  it('takes defaults, lets what is set win, and passes on what is not declared', () => {
    const declared = declare({ A: { default: 5 }, B: { type: 'boolean', default: false }, C: { required: false } })
    const frozen = configure(
      'shop',
      declared,
      new Map([
        ['A', plain('7')],
        ['EXTRA', plain('x')],
      ]),
    )
    assert.deepEqual(frozen.settings, { A: '7', B: 'false', EXTRA: 'x' })
  })

  it('freezes a secret as its version, never as its value', () => {
    const declared = declare({ KEY: { secret: true, default: 'insecure' } })
    const given = new Map<string, GivenValue>([['KEY', { kind: 'secret', version: 3, secret: new Secret('s3kr1t') }]])
    const frozen = configure('shop', declared, given)
    assert.deepEqual(frozen, { settings: {}, secretVersions: { KEY: 3 } })
    assert.equal(JSON.stringify(frozen).includes('s3kr1t'), false)
  })

  it('checks the type of a secret without showing it', () => {
    const declared = declare({ URL: { secret: true, type: 'url' } })
    const given = new Map<string, GivenValue>([['URL', { kind: 'secret', version: 1, secret: new Secret('hunter2') }]])
    assert.throws(
      () => configure('shop', declared, given),
      (error) => error instanceof Problem && /must be a URL/.test(error.message) && !error.message.includes('hunter2'),
    )
  })

  const types: { type: string; good: string[]; bad: string[] }[] = [
    { type: 'integer', good: ['0', '-5', '+7'], bad: ['1.5', 'x', ''] },
    { type: 'boolean', good: ['true', 'FALSE', '1', 'off'], bad: ['2', 'ja'] },
    { type: 'port', good: ['1', '65535'], bad: ['0', '65536', '-1', '8e1'] },
    { type: 'url', good: ['postgres://u:p@db/x', 'https://a.example/'], bad: ['db', 'mailto:x', '//a'] },
  ]
  for (const { type, good, bad } of types) {
    it(`accepts ${good.join(' ')} and refuses ${bad.map((text) => text || 'the empty text').join(' ')} as ${type}`, () => {
      const declared = declare({ X: { type } })
      for (const value of good)
        assert.equal(configure('a', declared, new Map([['X', plain(value)]])).settings['X'], value)
      for (const value of bad) assert.throws(() => configure('a', declared, new Map([['X', plain(value)]])), Problem)
    })
  }
})

describe('checkAssignment()', () => {
  const refused = [
    ['A-B', 'x', 'setting-name-invalid'],
    ['', 'x', 'setting-name-invalid'],
    ['A\nB', 'x', 'setting-name-invalid'],
    ['A', 'x\0y', 'setting-name-invalid'],
    ['PORT', '1', 'setting-reserved'],
    ['LD_PRELOAD', '/tmp/x.so', 'setting-reserved'],
  ] as const
  for (const [name, value, code] of refused) {
    it(`refuses ${JSON.stringify(`${name}=${value}`)}`, () => {
      assert.throws(
        () => checkAssignment(name, value),
        (error) => error instanceof Problem && error.code === code,
      )
    })
  }

  it('accepts a newline in a value', () => {
    assert.doesNotThrow(() => checkAssignment('KEY', '-----BEGIN KEY-----\nabc\n'))
  })
})
