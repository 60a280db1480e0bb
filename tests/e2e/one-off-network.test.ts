import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Event } from '../../src/model/events.ts'
import { fetchParts, Prober, run, World } from './egress-setting.ts'
import { inOwnNetwork } from './own-network.ts'
import { eventually, TestBerth } from './test-berth.ts'

await inOwnNetwork(import.meta.url, fetchParts)

/** Says for each place, as `HOST/PORT`, who greets there, or why nobody does; then the interfaces that it has. */
const visit = `import socket, sys
def say(place):
    host, _, port = place.partition('/')
    try:
        with socket.create_connection((host, int(port)), 8) as connection:
            if port == '80': connection.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
            return connection.makefile().read().splitlines()[-1]
    except OSError as error:
        return '%s: %s' % (type(error).__name__, error)
for place in sys.argv[1:]: print(place, say(place), flush=True)
print('interfaces', *sorted(name for _, name in socket.if_nameindex()), flush=True)`

const declared = 'egress = ["db.internal:5432", "10.99.0.6:22"]\nlinks = ["backend"]'
const places = ['db.internal/5432', '10.99.0.6/22', 'backend.berth.internal/80'] as const
const forbidden = ['10.99.0.5/22', '10.99.0.6/5432', '93.184.216.34/443', 'other.example.org/443'] as const

describe('the network of one-off commands', () => {
  let world: World
  let berth: TestBerth
  let prober: Prober

  /** What a command in a new sandbox says, by the first word of each of its lines. */
  const visitFrom = async (app: string, ...all: readonly string[]): Promise<Map<string, string>> =>
    byPlace((await berth.ok('run', app, '--', 'python3', '-c', visit, ...all)).stdout.split('\n'))

  before(async () => {
    world = await World.create()
    await world.machine('lan', '10.99.0.1/24', ['10.99.0.5/24', '10.99.0.6/24'], [22, 5432])
    await world.machine('wan', '93.184.216.1/24', ['93.184.216.34/24'], [443])
    world.names.set('db.internal', ['10.99.0.5'])
    world.names.set('other.example.org', ['93.184.216.34'])
    berth = await TestBerth.create()
    prober = new Prober(berth)
    await prober.deploy('backend')
  })

  after(async () => {
    await berth[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  it('is loopback alone for an application that declares nothing', async () => {
    const said = await visitFrom('backend', '10.99.0.5/5432', 'db.internal/5432')
    assert.equal(said.get('interfaces'), 'lo')
    assert.match(said.get('10.99.0.5/5432') ?? '', /Network is unreachable/)
    assert.match(said.get('db.internal/5432') ?? '', /^gaierror/)
    assert.deepEqual(world.asked, [])
  })

  it('leads commands of `initialise` to what is declared, and nowhere else', async () => {
    const folder = await prober.folder('shop', withInitialise(declared, [...places, ...forbidden]))
    const { last, events } = await berth.events('deploy', folder)
    assert.equal(last.kind, 'deployed', JSON.stringify(last))
    requireDeclaredOnly(byPlace(events.flatMap(outputOf)))
    const allow = new Map((await prober.refused('shop')).map((refusal) => [refusal.what, refusal.allow]))
    assert.equal(allow.get('10.99.0.5:22'), 'egress = ["10.99.0.5:22"]')
    assert.match(allow.get('other.example.org') ?? '', /^egress = \["other\.example\.org:443"\]/)
    assert.match(await berth.daemonLog(), /shop tried 10\.99\.0\.6:5432, refused/)
  })

  it('leads commands of `berth run` there, too', async () => {
    requireDeclaredOnly(await visitFrom('shop', ...places, ...forbidden))
    const refused = await prober.refused('shop')
    assert.equal(refused.find(({ what }) => what === '93.184.216.34:443')?.count, 2, 'of both commands')
  })

  it('tells why a command fails, when that is what it may not reach', async () => {
    const tryAll = `import socket
for place in ('10.99.0.5', 6379), ('mail.example.org', 25):
    try: socket.create_connection(place, 8)
    except OSError as error: print(error)
raise SystemExit(1)`
    const isolation = `egress = ["db.internal:5432"]\n[initialise]\nrun = [["python3", "-c", ${JSON.stringify(tryAll)}]]`
    const problem = await berth.problem('deploy', await prober.folder('needy', isolation))
    assert.equal(problem.code, 'initialise-failed')
    const lines = problem.lines?.join('\n') ?? ''
    assert.ok(lines.includes('egress = ["10.99.0.5:6379"]'), lines)
    assert.ok(lines.includes('needy asked for mail.example.org'), lines)
  })

  for (const level of ['process', 'user', 'chroot', 'nspawn', 'lxc', 'podman', 'gvisor']) {
    it(`is the same at the level ${level}`, async () => {
      const app = `at-${level}`
      const isolation = withInitialise(`level = "${level}"\n${declared}`, [...places, ...forbidden])
      const { last, events } = await berth.events('deploy', await prober.folder(app, isolation))
      assert.equal(last.kind, 'deployed', JSON.stringify(last))
      requireDeclaredOnly(byPlace(events.flatMap(outputOf)))
      requireDeclaredOnly(await visitFrom(app, ...places, ...forbidden))
      await berth.ok('destroy', app, '--yes')
    })
  }

  it('leaves nothing when the daemon is killed meanwhile', async () => {
    const before_ = await tracesOf(berth)
    const command = berth.run(['run', 'shop', '--', 'python3', '-c', 'import time; print(1); time.sleep(1000)'])
    await eventually('the command has its link', async () => {
      const traces = await tracesOf(berth)
      return traces.some((trace) => trace.startsWith('allowed') && !before_.includes(trace))
    })
    await berth.killDaemon()
    assert.notEqual((await command).code, 0)
    assert.notDeepEqual(await tracesOf(berth), before_)
    await berth.ok('ps')
    await eventually('all of it is gone', async () => String(await tracesOf(berth)) === String(before_), 30)
    requireDeclaredOnly(await visitFrom('shop', ...places, ...forbidden))
    assert.deepEqual(await tracesOf(berth), before_)
  })

  it('ends with its application', async () => {
    const before_ = await tracesOf(berth)
    const command = berth.run(['run', 'shop', '--', 'python3', '-c', 'import time; time.sleep(1000)'])
    await eventually('the command has its link', async () => (await tracesOf(berth)).length > before_.length)
    await berth.ok('destroy', 'shop', '--yes')
    assert.notEqual((await command).code, 0)
    await berth.ok('destroy', 'backend', '--yes')
    await eventually('nothing is left', async () => (await tracesOf(berth)).length === 0)
  })
})

/** `[isolation]`, and a command of `[initialise]` that visits these places. */
function withInitialise(isolation: string, all: readonly string[]): string {
  const command = ['python3', '-c', visit, ...all].map((word) => JSON.stringify(word))
  return `${isolation}\n[initialise]\nrun = [[${command.join(', ')}]]`
}

function outputOf(event: Event): string[] {
  return event.kind === 'output' ? [event.text] : []
}

function byPlace(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.map((line): [string, string] => {
      const [place = '', ...words] = line.trim().split(' ')
      return [place, words.join(' ')]
    }),
  )
}

function requireDeclaredOnly(said: ReadonlyMap<string, string>): void {
  assert.match(said.get('db.internal/5432') ?? '', /^lan 10\.99\.0\.5:5432 hears 10\.99\.0\.1$/)
  assert.match(said.get('10.99.0.6/22') ?? '', /^lan 10\.99\.0\.6:22/)
  assert.equal(said.get('backend.berth.internal/80'), 'hello from backend')
  for (const place of ['10.99.0.5/22', '10.99.0.6/5432', '93.184.216.34/443'])
    assert.match(said.get(place) ?? '', /^ConnectionRefusedError/, place)
  assert.match(said.get('other.example.org/443') ?? '', /^gaierror: .*not known/)
}

/** What sandboxes leave in the network and in the run directory: interfaces, bundles, grants and rules. */
async function tracesOf({ instance }: TestBerth): Promise<string[]> {
  const namesIn = (folder: string) => readdir(folder).catch((): string[] => [])
  const interfaces = (await namesIn('/sys/class/net')).filter((name) => name.startsWith(`${instance.interfacePrefix}-`))
  const aliases = await Promise.all(
    interfaces.map((name) => readFile(`/sys/class/net/${name}/ifalias`, 'utf8').catch(() => '')),
  )
  const owners = await run('nft', 'list', 'set', 'inet', instance.name, 'owners')
  return [
    ...aliases.map((alias) => `interface of ${alias.trim()}`),
    ...(await namesIn(join(instance.run, 'sandboxes'))).map((name) => `bundle ${name}`),
    ...(await namesIn(join(instance.run, 'network', 'grants'))).map((name) => `grant ${name}`),
    ...[...owners.matchAll(/"([^"]+)" \. [0-9.]+/g)].map(([, name]) => `allowed ${name}`),
  ].sort()
}
