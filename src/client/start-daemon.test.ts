import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listPackages, parsePackages } from './packages.ts'
import { isOlder } from './start-daemon.ts'
import { systemdUnit } from './systemd-unit.ts'

describe('systemdUnit()', () => {
  it('ends the daemon alone and passes its variables on', () => {
    const unit = systemdUnit('/opt/my berth/berth', { BERTH_HTTP_PORT: '8080', BERTH_NOTE: '50% "done"' })
    assert.match(unit, /^ExecStart="\/opt\/my berth\/berth" serve$/m)
    assert.match(unit, /^Environment=BERTH_HTTP_PORT=8080$/m)
    assert.match(unit, /^Environment="BERTH_NOTE=50%% \\"done\\""$/m)
    assert.match(unit, /^KillMode=process$/m)
  })

  it('never gives up starting it again', () => {
    assert.match(systemdUnit('/opt/berth', {}), /^\[Unit\]\n(?:.+\n)*StartLimitIntervalSec=0$/m)
  })
})

describe('isOlder()', () => {
  const cases = [
    ['0.1.0', '0.2.0', true],
    ['0.9.0', '0.10.0', true],
    ['1.0.0', '0.10.0', false],
    ['0.1.0', '0.1.0', false],
  ] as const
  for (const [a, b, expected] of cases) it(`${a} than ${b}: ${expected}`, () => assert.equal(isOlder(a, b), expected))
})

describe('listPackages()', () => {
  it('reads the list that set-up reads', async () => {
    const packages = await listPackages()
    assert.ok(
      packages.some(
        ({ name, proof, purpose }) => name === 'tini' && proof === '/usr/bin/tini-static' && purpose === 'run',
      ),
    )
    for (const { name, proof, reason } of packages) assert.ok(proof !== '' && reason !== '', name)
  })
  it('refuses a line that it does not understand', () => {
    assert.throws(() => parsePackages('runc /usr/sbin/runc run'), /neither run nor test/)
  })
})
