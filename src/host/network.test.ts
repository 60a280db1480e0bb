import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { instanceFrom } from './instance.ts'
import { parseMountPoints } from './mounts.ts'
import { encodeQuestion, parseAnswer } from './network-dns.ts'
import { interfaceName } from './network-names.ts'
import { listeningSockets, serviceOf } from './network-ports.ts'

describe('interfaceName()', () => {
  it('fits into what the kernel allows, and differs from pair to pair', () => {
    const instance = instanceFrom({ BERTH_HOME: '/somewhere/else' })
    const name = interfaceName(instance, '10.255.255.254')
    assert.ok(name.length <= 15, name)
    assert.notEqual(name, interfaceName(instance, '10.255.254.254'))
  })
})

describe('parseMountPoints()', () => {
  it('reads names with blanks', () => {
    const line = '36 35 98:0 / /mnt/my\\040disk rw,noatime master:1 - ext3 /dev/root rw\n'
    assert.deepEqual(parseMountPoints(line), ['/mnt/my disk'])
  })
})

describe('parseAnswer()', () => {
  const question = encodeQuestion('shop.localhost.berth.internal')

  it('gives the addresses, with names as pointers', () => {
    const answer = Buffer.concat([question, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 7])])
    answer.writeUInt16BE(1, 6)
    assert.deepEqual(parseAnswer(answer), ['10.0.0.7'])
  })

  it('gives none for a name that does not exist', () => assert.deepEqual(parseAnswer(question), []))
})

describe('listeningSockets()', () => {
  it('finds the inode of a listener and overlooks connections', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
`
    assert.deepEqual(listeningSockets(table, 80), ['4711'])
  })
})

describe('serviceOf()', () => {
  const cases = [
    ['one tree of version 2', '0::/system.slice/caddy.service\n', 'caddy.service'],
    ['a slice of its own', '0::/system.slice/system-nginx.slice/nginx@shop.service\n', 'nginx@shop.service'],
    ['a group below the service', '0::/system.slice/docker.service/run\n', 'docker.service'],
    ['version 1', '3:memory:/\n1:name=systemd:/system.slice/apache2.service\n0::/\n', 'apache2.service'],
    ['what berth started', '0::/berth/companions\n', undefined],
    ['what a person started', '0::/user.slice/user-0.slice/user@0.service/app.slice/x.service\n', undefined],
  ] as const
  for (const [what, groups, service] of cases)
    it(`${service === undefined ? 'finds none for' : 'finds that of'} ${what}`, () =>
      assert.equal(serviceOf(groups), service))
})
