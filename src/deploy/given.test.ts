import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Variable } from '../model/manifest.ts'
import { Secret } from '../model/secret.ts'
import { exposedSecrets, wantedSettings } from './given.ts'

const declared: Record<string, Variable> = {
  PASSWORD: { type: 'string', secret: true },
  GREETING: { type: 'string', secret: false },
}

describe('wantedSettings()', () => {
  it('makes a secret of what the manifest declares as one, also when it was stored in the clear', () => {
    const stored = [
      { kind: 'plain', name: 'PASSWORD', value: 'old' },
      { kind: 'plain', name: 'GREETING', value: 'hi' },
    ] as const
    const { plain, secret } = wantedSettings(stored, declared, { set: {} })
    assert.deepEqual([...plain], [['GREETING', 'hi']])
    const sealed = secret.get('PASSWORD')
    assert.ok(sealed instanceof Secret)
    assert.equal(sealed.reveal(), 'old')
    assert.deepEqual(exposedSecrets(stored, declared), ['PASSWORD'])
  })

  it('seals what only builds may use, whatever the manifest says', () => {
    const change = { set: { BERTH_SSH_KEY: 'key', BERTH_SSH_KEY_TEAM: 'key', SSH_KEY: 'no' } }
    const { plain, secret } = wantedSettings([], { BERTH_SSH_KEY: { type: 'string', secret: false } }, change)
    assert.deepEqual([...plain.keys()], ['SSH_KEY'])
    assert.deepEqual([...secret.keys()], ['BERTH_SSH_KEY', 'BERTH_SSH_KEY_TEAM'])
  })

  it('keeps sealed what is not declared, and forgets what is unset', () => {
    const stored = [{ kind: 'secret', name: 'TOKEN', version: 2 }] as const
    const changed = wantedSettings(stored, {}, { set: { TOKEN: 'new' } })
    assert.ok(changed.secret.get('TOKEN') instanceof Secret)
    assert.equal(wantedSettings(stored, {}, { set: {}, unset: ['TOKEN'] }).secret.size, 0)
    assert.deepEqual(exposedSecrets(stored, {}), [])
  })
})
