import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Variable } from '../../model/manifest.ts'
import { Problem } from '../../model/problem.ts'
import { Secret } from '../../model/secret.ts'
import { checkAssignment, freezeSettings, requireSettings, storedSettings } from './index.ts'

const shop = { name: 'shop', isDeployed: true }

const declare = (variables: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, Variable.parse(variable)]))

describe('requireSettings()', () => {
  it('names every missing, empty and ill-typed setting at once', () => {
    const declared = declare({
      WEBAPP_SECRET: { secret: true },
      DB_HOSTNAME: {},
      DB_PORT: { type: 'port' },
      MODE: { type: 'enum', values: ['a', 'b'] },
      FINE: {},
      DEFAULTED: { default: 1 },
      OPTIONAL: { required: false },
    })
    const values = new Map([
      ['DB_HOSTNAME', ''],
      ['DB_PORT', '80000'],
      ['MODE', 'c'],
      ['FINE', 'yes'],
    ])
    assert.throws(
      () => requireSettings(shop, declared, values),
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

  it('checks the type of a secret without showing it', () => {
    const declared = declare({ URL: { secret: true, type: 'url' } })
    assert.throws(
      () => requireSettings(shop, declared, new Map([['URL', new Secret('hunter2')]])),
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
      for (const value of good) assert.doesNotThrow(() => requireSettings(shop, declared, new Map([['X', value]])))
      for (const value of bad) assert.throws(() => requireSettings(shop, declared, new Map([['X', value]])), Problem)
    })
  }
})

describe('freezeSettings()', () => {
  it('takes defaults, lets what is set win, and passes on what is not declared', () => {
    const declared = declare({ A: { default: 5 }, B: { type: 'boolean', default: false }, C: { required: false } })
    const frozen = freezeSettings(declared, [
      { kind: 'plain', name: 'EXTRA', value: 'x' },
      { kind: 'plain', name: 'A', value: '7' },
    ])
    assert.deepEqual(frozen.settings, { A: '7', B: 'false', EXTRA: 'x' })
    assert.deepEqual(frozen.explicit, ['EXTRA', 'A'])
  })

  it('freezes a secret as its version', () => {
    const declared = declare({ KEY: { secret: true, default: 'insecure' } })
    const frozen = freezeSettings(declared, [{ kind: 'secret', name: 'KEY', version: 3 }])
    assert.deepEqual([frozen.settings, frozen.secretVersions], [{}, { KEY: 3 }])
  })
})

describe('storedSettings()', () => {
  it('gives back what was set, without the defaults', () => {
    const stored = [
      { kind: 'plain', name: 'A', value: '7' },
      { kind: 'secret', name: 'KEY', version: 3 },
    ] as const
    assert.deepEqual(
      storedSettings(freezeSettings(declare({ A: {}, B: { default: 1 }, KEY: { secret: true } }), stored)),
      stored,
    )
  })
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
