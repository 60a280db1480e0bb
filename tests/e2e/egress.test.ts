import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fetchParts, Prober, run, World } from './egress-setting.ts'
import { inOwnNetwork } from './own-network.ts'
import { eventually, TestBerth } from './test-berth.ts'

await inOwnNetwork(import.meta.url, fetchParts)

const refusedAtOnce = /ConnectionRefusedError/
const unknownName = /gaierror: .*not known/

describe('declared egress', () => {
  let world: World
  let berth: TestBerth
  let prober: Prober

  before(async () => {
    world = await World.create()
    await world.machine('lan', '10.99.0.1/24', ['10.99.0.5/24', '10.99.0.6/24'], [22, 80, 5432])
    await world.machine(
      'wan',
      '93.184.216.1/24',
      ['93.184.216.34/24', '93.184.216.35/24', '169.254.169.254/32'],
      [80, 443],
    )
    await run('ip', 'route', 'add', '169.254.169.254', 'dev', 'wan')
    world.names.set('api.example.org', ['93.184.216.34'])
    world.names.set('other.example.org', ['93.184.216.35'])
    world.names.set('db.internal', ['10.99.0.5'])
    berth = await TestBerth.create()
    prober = new Prober(berth)
  })

  after(async () => {
    await berth[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  it('is nothing by default: whatever is tried fails at once, and is told of with what would allow it', async () => {
    await prober.deploy('plain')
    for (const place of ['10.99.0.5/22', '93.184.216.34/443', '169.254.169.254/80', '10.99.0.1/22', '10.250.0.1/80']) {
      assert.match(await prober.tell('plain', `/try/${place}`), refusedAtOnce, place)
    }
    assert.match(await prober.tell('plain', '/udp/10.99.0.5/5432'), refusedAtOnce)
    assert.match(await prober.tell('plain', '/name/api.example.org'), unknownName)
    const refused = await prober.refused('plain')
    const allow = new Map(refused.map((refusal) => [refusal.what, refusal.allow]))
    assert.equal(allow.get('10.99.0.5:22'), 'egress = ["10.99.0.5:22"]')
    assert.equal(allow.get('10.250.0.1:80'), 'egress = ["10.250.0.1:80"]', 'also what no route leads to')
    assert.equal(allow.get('10.99.0.5:5432/udp'), 'egress = ["10.99.0.5:5432/udp"]')
    assert.match(allow.get('api.example.org') ?? '', /^egress = \["api\.example\.org:443"\]/)
    assert.equal(allow.get('169.254.169.254:80'), undefined, 'nothing allows metadata')
    const line = 'plain tried 10.99.0.5:22, refused; to allow it add egress = ["10.99.0.5:22"] to [isolation]'
    assert.ok((await berth.ok('status', 'plain')).stdout.includes(line))
    assert.ok((await berth.daemonLog()).includes(line))
    assert.equal((await run('cat', '/proc/sys/net/ipv4/ip_forward')).trim(), '0', 'no forwarding for nobody')
    assert.deepEqual(world.asked, [], 'no name leaves the host that is not declared')
  })

  it('opens an address for the port that is declared, and no other', async () => {
    await prober.deploy('addressed', 'egress = ["10.99.0.5:5432", "10.99.0.5:22/udp"]')
    assert.match(await prober.tell('addressed', '/try/10.99.0.5/5432'), /^lan 10\.99\.0\.5:5432 hears 10\.99\.0\.1$/)
    assert.equal(await prober.tell('addressed', '/udp/10.99.0.5/22'), 'lan by UDP')
    for (const place of ['10.99.0.5/22', '10.99.0.6/5432', '10.99.0.6/22', '93.184.216.34/443']) {
      assert.match(await prober.tell('addressed', `/try/${place}`), refusedAtOnce, place)
    }
    assert.match(await prober.tell('plain', '/try/10.99.0.5/5432'), refusedAtOnce, 'for nobody else')
  })

  it('opens a name for its port, asks for no other name, and takes no name for a name below it', async () => {
    await prober.deploy('named', 'egress = ["api.example.org:443", "db.internal:5432"]')
    world.asked.length = 0
    assert.match(await prober.tell('named', '/try/api.example.org/443'), /^wan 93\.184\.216\.34:443/)
    assert.match(await prober.tell('named', '/try/db.internal/5432'), /^lan 10\.99\.0\.5:5432/)
    assert.match(await prober.tell('named', '/try/api.example.org/80'), refusedAtOnce)
    assert.match(await prober.tell('named', '/try/db.internal/22'), refusedAtOnce)
    assert.match(await prober.tell('named', '/try/93.184.216.35/443'), refusedAtOnce)
    for (const name of ['other.example.org', 'secret.api.example.org', 'example.org']) {
      assert.match(await prober.tell('named', `/name/${name}`), unknownName, name)
    }
    assert.deepEqual([...new Set(world.asked)].sort(), ['api.example.org', 'db.internal'])
    await eventually('names that were asked for in vain are told of', async () => {
      const names = (await prober.refused('named')).map(({ what }) => what)
      return names.includes('other.example.org') && names.includes('secret.api.example.org')
    })
    assert.match(await prober.tell('addressed', '/try/93.184.216.34/443'), refusedAtOnce, 'for nobody else')
  })

  it('leads no declared name to this host, to its sandboxes or to metadata', async () => {
    await prober.deploy('rebound', 'egress = ["*.evil.example.org:80", "*.evil.example.org:443"]')
    const { address } = (await berth.json<{ sandbox: { address: string } }>('status', 'plain')).sandbox
    for (const [index, to] of [
      '127.0.0.1',
      '169.254.169.254',
      '0.0.0.0',
      '10.99.0.1',
      address,
      '224.0.0.1',
    ].entries()) {
      const name = `a${index}.evil.example.org`
      world.names.set(name, [to])
      assert.match(await prober.tell('rebound', `/name/${name}`), unknownName, to)
      assert.doesNotMatch(await prober.tell('rebound', `/try/${to}/80`), /^(lan|wan) /, to)
    }
    world.names.set('mixed.evil.example.org', ['169.254.169.254', '93.184.216.34'])
    assert.equal(await prober.tell('rebound', '/name/mixed.evil.example.org'), '93.184.216.34')
    await eventually('it is told where a name led', async () => {
      const rebound = (await prober.refused('rebound')).find(({ what }) => what === 'a1.evil.example.org')
      return rebound?.why?.includes('it is 169.254.169.254') === true
    })
  })

  it('with `internet` reaches every public address, and neither the LAN, nor metadata, nor this host', async () => {
    await prober.deploy('public', 'egress = ["internet"]')
    world.names.set('inside.example.org', ['10.99.0.5'])
    assert.match(await prober.tell('public', '/try/other.example.org/443'), /^wan 93\.184\.216\.35:443/)
    assert.match(await prober.tell('public', '/try/93.184.216.34/80'), /^wan /)
    for (const place of ['10.99.0.5/80', '169.254.169.254/80', '93.184.216.1/22', '10.99.0.1/22']) {
      assert.match(await prober.tell('public', `/try/${place}`), refusedAtOnce, place)
    }
    assert.match(await prober.tell('public', '/name/inside.example.org'), unknownName)
  })

  it('links applications that say so, and follows each deploy', async () => {
    await prober.deploy('backend', '', 'the first')
    await prober.deploy('frontend', 'links = ["backend"]')
    assert.equal(await prober.tell('frontend', '/get/backend.berth.internal'), 'the first')
    await prober.deploy('backend', '', 'the second')
    assert.equal(await prober.tell('frontend', '/get/backend.berth.internal'), 'the second')
    const { address } = (await berth.json<{ sandbox: { address: string } }>('status', 'backend')).sandbox
    assert.match(await prober.tell('frontend', `/try/${address}/8000`), refusedAtOnce, 'at port 80 alone')
    assert.match(await prober.tell('plain', '/name/backend.berth.internal'), unknownName)
    assert.match(await prober.tell('public', '/name/backend.berth.internal'), unknownName)
    assert.match(await prober.tell('plain', `/try/${address}/80`), refusedAtOnce)
    const refused = await prober.refused('plain')
    assert.equal(refused.find(({ what }) => what === `${address}:80`)?.allow, 'links = ["backend"]')
  })

  it('refuses a link to nobody, and one to itself, before anything is built', async () => {
    const misspelt = await prober.folder('frontend', 'links = ["backed"]')
    const problem = await berth.problem('deploy', misspelt)
    assert.equal(problem.code, 'link-unknown')
    assert.match(problem.fix, /Did you mean `backend`/)
    assert.match((await berth.run(['plan', misspelt])).stdout, /there is no such application/)
    const itself = await berth.problem('deploy', await prober.folder('frontend', 'links = ["frontend"]'))
    assert.equal(itself.code, 'link-to-itself')
    const wrong = await berth.problem(
      'deploy',
      await prober.folder('frontend', 'egress = ["https://api.example.org/v1"]'),
    )
    assert.match(JSON.stringify(wrong), /write `api\.example\.org:443`/)
  })

  it('says in a plan and in a diff what changes', async () => {
    const folder = await prober.folder('plain', 'egress = ["api.example.org:443"]\nbandwidth = "10Mbit"')
    const { stdout } = await berth.ok('plan', folder)
    assert.match(stdout, /may reach api\.example\.org:443; at most 10 Mbit\/s each way/)
  })

  it('bounds what goes each way', async () => {
    await prober.deploy('narrow', 'bandwidth = "10Mbit"')
    const { sandbox } = await berth.json<{ sandbox: { address: string; pid: number } }>('status', 'narrow')
    const links = JSON.parse(await run('ip', '-json', 'route', 'get', sandbox.address)) as { dev: string }[]
    const outside = JSON.parse(await run('tc', '-j', 'qdisc', 'show', 'dev', links[0]?.dev ?? '')) as unknown
    const enter = ['--net=/proc/' + String(sandbox.pid) + '/ns/net', 'tc', '-j', 'qdisc', 'show', 'dev', 'eth0']
    const inside = JSON.parse(await run('nsenter', ...enter)) as unknown
    for (const found of [outside, inside]) {
      const [{ kind, root, options }] = found as [{ kind: string; root: boolean; options: { rate: number } }]
      assert.deepEqual({ kind, root, rate: options.rate * 8 }, { kind: 'tbf', root: true, rate: 10_000_000 })
    }
  })

  for (const level of ['process', 'user', 'chroot', 'nspawn', 'lxc', 'gvisor']) {
    it(`is the same at the level ${level}`, async () => {
      const app = `at-${level}`
      await prober.deploy(app, `level = "${level}"\negress = ["db.internal:5432"]\nlinks = ["backend"]`)
      assert.match(await prober.tell(app, '/try/db.internal/5432'), /^lan 10\.99\.0\.5:5432/)
      assert.equal(await prober.tell(app, '/get/backend.berth.internal'), 'the second')
      assert.match(await prober.tell(app, '/try/10.99.0.5/22'), refusedAtOnce)
      assert.match(await prober.tell(app, '/name/other.example.org'), unknownName)
      await berth.ok('destroy', app, '--yes')
    })
  }

  it('goes on when the daemon is killed, and under the next one', async () => {
    const relay = await relayProcess(berth)
    await berth.killDaemon()
    world.names.set('api.example.org', ['93.184.216.35'])
    assert.match(await prober.tell('named', '/try/db.internal/5432'), /^lan /)
    await eventually('a name that has moved is followed', async () =>
      (await prober.tell('named', '/try/api.example.org/443')).startsWith('wan 93.184.216.35'),
    )
    assert.equal(await prober.tell('frontend', '/get/backend.berth.internal'), 'the second')
    assert.match(await prober.tell('named', '/try/api.example.org/80'), refusedAtOnce)
    await berth.ok('ps')
    assert.match(await prober.tell('named', '/try/db.internal/5432'), /^lan /)
    assert.equal(await relayProcess(berth), relay)
  })

  it('comes back when the relay is killed', async () => {
    process.kill(await relayProcess(berth), 'SIGKILL')
    await eventually('names lead somewhere again', async () =>
      (await prober.tell('named', '/try/db.internal/5432')).startsWith('lan '),
    )
  })

  it('comes back, and keeps out what it kept out, when another program flushes all rules', async () => {
    assert.match(await prober.tell('named', '/try/api.example.org/443'), /^wan /)
    const names = new Map(world.names)
    world.names.clear()
    try {
      await run('nft', 'flush', 'ruleset')
      const isRefused = async () => refusedAtOnce.test(await prober.tell('named', '/try/10.99.0.5/22'))
      await eventually('rules are back', isRefused, 60)
      assert.match(await prober.tell('named', '/try/93.184.216.35/443'), /^wan /, 'without a new question')
      assert.match(await prober.tell('addressed', '/try/10.99.0.5/5432'), /^lan /)
    } finally {
      for (const [name, addresses] of names) world.names.set(name, addresses)
    }
  })

  it('stays small, however much an application tries', async () => {
    assert.equal(await prober.tell('plain', '/flood'), 'done')
    const refused = await prober.refused('plain')
    assert.ok(refused.length <= 50, String(refused.length))
    assert.match(await prober.tell('named', '/try/db.internal/5432'), /^lan /, 'and others do not suffer')
  })

  it('tells why an application does not start, when that is what it may not reach', async () => {
    const files = { command: `python3 -c 'import socket; socket.create_connection(("10.99.0.5", 6379), 5)'` }
    const folder = await prober.folder('needy')
    const { writeFile, readFile } = await import('node:fs/promises')
    const manifest = (await readFile(`${folder}/berth.toml`, 'utf8')).replace(
      '"python3 app.py"',
      JSON.stringify(files.command),
    )
    await writeFile(`${folder}/berth.toml`, manifest)
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'start-failed')
    assert.ok(
      problem.lines?.some((line) => line.includes('egress = ["10.99.0.5:6379"]')),
      problem.lines?.join('\n'),
    )
  })

  it('passes through the firewall of Docker, and names another one that stops it', async () => {
    await run('nft', 'add', 'table', 'ip', 'filter')
    await run('nft', 'add', 'chain', 'ip', 'filter', 'FORWARD', '{ type filter hook forward priority 0; policy drop; }')
    const problem = await berth.problem('restart', 'named')
    assert.equal(problem.code, 'egress-blocked')
    await run('nft', 'add', 'chain', 'ip', 'filter', 'DOCKER-USER')
    await run('nft', 'add', 'rule', 'ip', 'filter', 'FORWARD', 'jump', 'DOCKER-USER')
    await berth.ok('restart', 'named')
    assert.match(await prober.tell('named', '/try/db.internal/5432'), /^lan /)
    await run('nft', 'delete', 'table', 'ip', 'filter')
    await run('nft', 'add', 'table', 'ip', 'filter')
    await run('nft', 'add', 'chain', 'ip', 'filter', 'FORWARD', '{ type filter hook forward priority 0; policy drop; }')
    for (const command of problem.lines ?? []) await run('sh', '-c', command)
    await berth.ok('restart', 'named')
    assert.match(await prober.tell('named', '/try/db.internal/5432'), /^lan /)
    await run('nft', 'delete', 'table', 'ip', 'filter')
  })

  it('leaves nothing behind when its applications are gone', async () => {
    for (const { app } of await berth.json<{ app: string }[]>('ps'))
      await berth.ok('destroy', app, '--yes', '--volumes')
    await eventually('the relay ends', async () => (await relayProcess(berth)) === 0)
    const rules = await run('nft', 'list', 'table', 'inet', berth.instance.name)
    for (const set of ['owners', 'senders', 'internet', 'linked', 'declared', 'addressed', 'opened']) {
      const [, content = ''] = new RegExp(`set ${set} \\{([^}]*)`).exec(rules) ?? []
      assert.doesNotMatch(content, /elements/, set)
    }
  })
})

/** The relay's process id; 0 when there is none. */
async function relayProcess({ instance }: TestBerth): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(`${instance.run}/network/relay.json`, 'utf8').catch(() => '{"pid": 0}')
  return (JSON.parse(text) as { pid: number }).pid
}
