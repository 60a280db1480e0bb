import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusalOf } from './addresses.ts'

const own = ['192.0.2.7', 'fd12::7']

describe('refusalOf()', () => {
  const refused = [
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '100.100.100.200'],
    ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'ff02::1', 'fd00:ec2::254', '::ffff:127.0.0.1', '::ffff:7f00:1'],
    ...['64:ff9b::169.254.169.254', '::127.0.0.1', '192.0.2.7', '::ffff:192.0.2.7', 'fd12::7', 'fd12:0:0::7'],
  ]
  for (const address of refused) it(`refuses ${address}`, () => assert.notEqual(refusalOf(address, own), undefined))

  const permitted = [
    '93.184.216.34',
    '10.0.0.5',
    '192.168.1.1',
    '2606:2800:220:1::1',
    '::ffff:93.184.216.34',
    '192.0.2.8',
  ]
  for (const address of permitted) it(`permits ${address}`, () => assert.equal(refusalOf(address, own), undefined))
})
