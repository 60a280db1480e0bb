import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseFlows } from './network-fence.ts'
import type { Grant } from './network-grants.ts'
import { addOpened, renewOpened } from './network-elements.ts'
import { type Fence, hostRules } from './network-rules.ts'
import { bucketFor } from './network-shaping.ts'

const instance = { name: 'berth-1a2b3c', interfacePrefix: 'b1a2b3c' }
const nothing: Fence = { grants: [], links: {}, opened: [], services: undefined, now: 1_000_000 }

function grantOf(egress: readonly string[], links: readonly string[] = []): Grant {
  return { id: 'shop-7', interfaceName: 'b1a2b3c-c01002', address: '10.192.16.3', egress, links }
}

const rulesOf = (fence: Partial<Fence>) => hostRules(instance, { ...nothing, ...fence })

describe('hostRules()', () => {
  it('replaces rules, and keeps what the kernel and the relay have put into sets', () => {
    const rules = rulesOf({})
    assert.match(rules, /^table inet berth-1a2b3c \{ \}\nflush table inet berth-1a2b3c\ntable inet berth-1a2b3c \{/)
    assert.doesNotMatch(rules, /delete table|flush set inet berth-1a2b3c (opened|refused)/)
  })

  it('grants nothing to whom nothing is declared', () => {
    const rules = rulesOf({})
    assert.doesNotMatch(rules, /add element/)
    assert.match(rules, /iifname "b1a2b3c-\*" jump judge/)
  })

  it('opens declared addresses for the sandbox of that address and interface alone', () => {
    const rules = rulesOf({ grants: [grantOf(['10.0.0.0/8:5432', '1.1.1.1:53/udp', 'api.example.org:443'])] })
    assert.ok(rules.includes('add element inet berth-1a2b3c owners { "b1a2b3c-c01002" . 10.192.16.3 }'))
    const flows = '10.192.16.3 . 10.0.0.0/8 . tcp . 5432, 10.192.16.3 . 1.1.1.1 . udp . 53'
    assert.ok(rules.includes(`add element inet berth-1a2b3c declared { ${flows} }`), rules)
    assert.ok(!rules.includes('add element inet berth-1a2b3c internet'))
  })

  it('lets nobody reach the host who does not name its very address', () => {
    const services = { address: '10.192.31.255' }
    const egress = ['203.0.113.5:5432', '203.0.113.0/24:22', '10.192.16.2:22']
    const rules = rulesOf({ grants: [grantOf(egress)], services })
    assert.match(rules, /addressed \{ 10\.192\.16\.3 \. 203\.0\.113\.5 \. tcp \. 5432 \}/)
  })

  it('leaves out a network inside another one, which the kernel would refuse', () => {
    const rules = rulesOf({ grants: [grantOf(['10.1.0.0/16:443', '10.0.0.0/8:443', '10.1.0.0/16:80'])] })
    assert.ok(rules.includes('declared { 10.192.16.3 . 10.0.0.0/8 . tcp . 443, 10.192.16.3 . 10.1.0.0/16 . tcp . 80 }'))
  })

  it('leads a link to every address of the application, and to no other one', () => {
    const links = { blog: ['10.192.16.5', '10.192.16.7'], other: ['10.192.16.9'] }
    const rules = rulesOf({ grants: [grantOf([], ['blog', 'gone'])], links })
    assert.ok(rules.includes('linked { 10.192.16.3 . 10.192.16.5, 10.192.16.3 . 10.192.16.7 }'), rules)
    assert.ok(!rules.includes('10.192.16.9'))
  })

  it('restores what names have led to, but not for another sandbox that has the address now', () => {
    const opened = { from: '10.192.16.3', to: '93.184.216.34', transport: 'tcp', port: 443, until: 1_060_000 } as const
    const grants = [grantOf(['example.org:443'])]
    const restored = 'opened { 10.192.16.3 . 93.184.216.34 . tcp . 443 timeout 60s }'
    assert.ok(rulesOf({ grants, opened: [{ ...opened, sandbox: 'shop-7' }] }).includes(restored))
    assert.ok(!rulesOf({ grants, opened: [{ ...opened, sandbox: 'shop-6' }] }).includes(restored))
    assert.ok(!rulesOf({ grants, opened: [{ ...opened, sandbox: 'shop-7', until: 999_999 }] }).includes(restored))
  })

  it('leads questions to who answers them', () => {
    const services = { address: '10.192.31.255', relayPort: 4000, refuserPort: 5000 }
    const rules = rulesOf({ services })
    const asked = 'iifname "b1a2b3c-*" ip daddr 10.192.31.255 udp dport 53'
    assert.ok(rules.includes(`${asked} ip saddr @senders dnat ip to 10.192.31.255:4000`))
    assert.ok(rules.includes(`${asked} dnat ip to 10.192.31.255:5000`))
    assert.ok(rules.includes('ip daddr 10.192.31.255 udp dport { 4000, 5000 } accept'))
  })
})

describe('hostRules() on a kernel that counts no connections', () => {
  it('does without that bound alone', () => {
    const [whole, without] = [rulesOf({}), rulesOf({ countsConnections: false })]
    assert.match(whole, /ct count over/)
    assert.doesNotMatch(without, /ct count over/)
    assert.match(without, /jump judge/)
  })
})

describe('renewOpened()', () => {
  it('replaces the time of an element, in one step', () => {
    const opened = { sandbox: 'a-1', from: '10.0.0.1', to: '1.2.3.4', transport: 'tcp', port: 80, until: 9000 } as const
    const [add, remove, again] = renewOpened('berth', opened, 0)
    assert.equal(add, addOpened('berth', opened, 0))
    assert.equal(add, again)
    assert.equal(remove, 'delete element inet berth opened { 10.0.0.1 . 1.2.3.4 . tcp . 80 }')
  })
})

describe('parseFlows()', () => {
  it('reads what nft lists', () => {
    const elem = { val: { concat: ['10.0.0.1', '1.2.3.4', 'tcp', 22] }, timeout: 60, counter: { packets: 3, bytes: 9 } }
    const text = JSON.stringify({ nftables: [{ metainfo: {} }, { set: { elem: [{ elem }] } }] })
    assert.deepEqual(parseFlows(text), [{ from: '10.0.0.1', to: '1.2.3.4', transport: 'tcp', port: 22, packets: 3 }])
  })
  it('reads an empty set', () => assert.deepEqual(parseFlows('{"nftables": [{"metainfo": {}}, {"set": {}}]}'), []))
})

describe('bucketFor()', () => {
  it('lets the largest packet through, however narrow the way is', () =>
    assert.deepEqual(bucketFor(1e6), { rate: 1e6, burst: 131_072, limit: 131_072 + 6250 }))
  it('takes 10 ms at once, and lets 50 ms wait', () =>
    assert.deepEqual(bucketFor(1e9), { rate: 1e9, burst: 1_250_000, limit: 7_500_000 }))
})
