import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonApp } from './apps.ts'
import { TestBerth } from './test-berth.ts'

const execute = promisify(execFile)

/** Runs a host program and gives what it printed. */
export async function run(program: string, ...args: string[]): Promise<string> {
  return (await execute(program, args)).stdout
}

/** Pages by which a test has an application do things: `/try/HOST/PORT`, `/udp/HOST/PORT`, `/name/NAME`, `/flood`. */
const code = `
def connect(host, port):
    with socket.create_connection((host, int(port)), 8) as connection:
        return connection.recv(200).decode()

def datagram(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
        talk.settimeout(8)
        talk.connect((host, int(port)))
        talk.send(b'hello')
        return talk.recv(200).decode()

def name(host):
    return socket.gethostbyname(host)

def get(host):
    import urllib.request
    return urllib.request.urlopen('http://%s/' % host, timeout=8).read().decode()

def flood():
    for index in range(400):
        try:
            socket.gethostbyname('flood-%d.example.org' % index)
        except OSError:
            pass
        try:
            socket.create_connection(('10.77.%d.%d' % (index // 200, index % 200), 9), 2)
        except OSError:
            pass
    return 'done'

DEEDS = {'try': connect, 'udp': datagram, 'name': name, 'get': get, 'flood': flood}
answer_page = Page.do_GET

def do_deed(self):
    _, deed, *words = self.path.split('/')
    if deed not in DEEDS:
        return answer_page(self)
    begun = time.monotonic()
    try:
        said = DEEDS[deed](*words)
    except OSError as error:
        said = '%s: %s' % (type(error).__name__, error)
    self.answer(200, said)

Page.do_GET = do_deed
`

export function probe(name: string, isolation = '', text?: string): Record<string, string> {
  return pythonApp({ name, code, manifest: `[isolation]\n${isolation}`, ...(text === undefined ? {} : { text }) })
}

/** Fetches what the applications are made of, while there is a network. Gives the lock that leads to it. */
export async function fetchParts(): Promise<Record<string, string>> {
  await using berth = await TestBerth.create()
  const folder = await berth.folder(probe('probe'))
  await berth.ok('build', folder)
  return { BERTH_TEST_LOCK: await readFile(join(folder, 'berth.lock'), 'utf8') }
}

/** Other machines, each in a network namespace of its own, and a name server that says what a test wants. */
export class World implements AsyncDisposable {
  readonly #children: ChildProcess[] = []
  readonly #nameServer: Socket
  /** Addresses by name. A name that is not there does not exist. */
  readonly names = new Map<string, string[]>()
  /** What the name server was asked. */
  readonly asked: string[] = []

  private constructor(nameServer: Socket) {
    this.#nameServer = nameServer
  }

  static async create(): Promise<World> {
    const socket = createSocket('udp4')
    const world = new World(socket)
    socket.on('message', (message, from) => socket.send(world.#answer(message), from.port, from.address))
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    process.env['BERTH_NAME_SERVERS'] = `127.0.0.1:${socket.address().port}`
    return world
  }

  /** @param addresses with their prefixes; the first one is in the network of the host's end */
  async machine(name: string, hostEnd: string, addresses: readonly string[], ports: readonly number[]): Promise<void> {
    const script = join(import.meta.dirname, 'egress-host.ts')
    const child = spawn('unshare', ['--net', process.execPath, script, name, ...ports.map(String)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#children.push(child)
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve)
      child.once('exit', (status) => reject(new Error(`${name} exited with ${status}`)))
    })
    const inside = ['nsenter', `--net=/proc/${child.pid}/ns/net`] as const
    await run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(child.pid))
    await run('ip', 'address', 'add', hostEnd, 'dev', name)
    await run('ip', 'link', 'set', 'dev', name, 'up')
    for (const address of addresses) await run(inside[0], inside[1], 'ip', 'address', 'add', address, 'dev', 'eth0')
    await run(inside[0], inside[1], 'ip', 'link', 'set', 'dev', 'eth0', 'up')
  }

  #answer(query: Buffer): Buffer {
    const end = query.indexOf(0, 12)
    const labels: string[] = []
    for (let offset = 12; offset < end; offset += 1 + (query[offset] ?? 0)) {
      labels.push(query.toString('latin1', offset + 1, offset + 1 + (query[offset] ?? 0)))
    }
    const name = labels.join('.')
    this.asked.push(name)
    const addresses = this.names.get(name)
    const answer = Buffer.concat([
      query.subarray(0, end + 5),
      ...(addresses ?? []).map((address) =>
        Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
      ),
    ])
    answer.writeUInt16BE(addresses ? 0x8180 : 0x8183, 2)
    answer.writeUInt16BE(addresses?.length ?? 0, 6)
    answer.writeUInt16BE(0, 10)
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await new Promise<void>((resolve) => this.#nameServer.close(() => resolve()))
  }
}

/** A berth whose applications try what a test tells them to. */
export class Prober {
  readonly berth: TestBerth

  constructor(berth: TestBerth) {
    this.berth = berth
  }

  /** The folder of an application that is locked, so that nothing has to be fetched. */
  async folder(name: string, isolation = '', text?: string): Promise<string> {
    const lock = process.env['BERTH_TEST_LOCK'] ?? ''
    return this.berth.folder({ ...probe(name, isolation, text), 'berth.lock': lock })
  }

  async deploy(name: string, isolation = '', text?: string): Promise<void> {
    const { last } = await this.berth.events('deploy', await this.folder(name, isolation, text))
    assert.equal(last.kind, 'deployed', `${JSON.stringify(last)}\n${await this.berth.daemonLog()}`)
  }

  /** What an application says of a deed. */
  async tell(app: string, deed: string): Promise<string> {
    const { status, text } = await this.berth.get(app, deed)
    assert.equal(status, 200, text)
    return text
  }

  async refused(app: string): Promise<{ what: string; kind: string; count: number; allow?: string; why?: string }[]> {
    return (await this.berth.json<{ refused: { what: string; kind: string; count: number }[] }>('status', app)).refused
  }
}
