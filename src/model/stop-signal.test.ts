import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { describe, it } from 'node:test'
import { signalNumber, stopSignalName } from './stop-signal.ts'

describe('signalNumber()', () => {
  it('knows the signals of this kernel by their numbers', () => {
    for (const [name, number] of Object.entries(constants.signals)) {
      assert.equal(signalNumber(name), number, name)
      assert.equal(signalNumber(name.slice(3).toLowerCase()), number, name)
      assert.equal(signalNumber(String(number)), number, name)
    }
  })

  it('counts real-time signals from either end', () => {
    assert.deepEqual(['SIGRTMIN', 'rtmin+3', 'RTMAX-14', 'SIGRTMAX'].map(signalNumber), [34, 37, 50, 64])
  })

  const faults = [
    '',
    'SIG',
    '-',
    '0',
    '-1',
    '65',
    '999999999',
    '15 ',
    'SIGNOPE',
    'RTMIN-1',
    'RTMAX+1',
    'RTMIN+31',
    'RTMAX-31',
  ]
  for (const text of [...faults, 'RTM', 'constructor', '__proto__', '9'.repeat(1000)]) {
    it(`takes \`${text.slice(0, 20)}\` for none`, () => assert.equal(signalNumber(text), undefined))
  }
})

describe('stopSignalName()', () => {
  it('has one name for each', () => {
    assert.deepEqual(['3', 'quit', 'SIGQUIT', '+3'].map(stopSignalName), Array(4).fill('SIGQUIT'))
    assert.deepEqual(['34', '37', 'RTMAX-27'].map(stopSignalName), ['SIGRTMIN', 'SIGRTMIN+3', 'SIGRTMIN+3'])
    for (const name of ['SIGWINCH', 'SIGTERM', 'SIGRTMIN+30']) assert.equal(stopSignalName(name), name)
  })

  it('has none for what would not get to the application', () => {
    for (const text of ['SIGSTOP', 'CHLD', '11', 'IOT', '33', 'nothing']) assert.equal(stopSignalName(text), undefined)
  })
})
