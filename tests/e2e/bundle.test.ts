import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { appendFile, copyFile, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { pathsOf } from '../../src/host/instance.ts'
import type { AppStatus } from '../../src/model/api.ts'
import { headerName, type BundleHeader } from '../../src/model/bundle.ts'
import type { Event } from '../../src/model/events.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import { pythonApp } from './apps.ts'
import { DownloadServer } from './download-server.ts'
import { repository, TestBerth, type Answer } from './test-berth.ts'

const run = promisify(execFile)

interface Offline {
  readonly interfaces: string[]
  readonly last: Event
  readonly page?: Answer
  readonly status?: AppStatus
  readonly again?: Event
  readonly blobs: number
}

/** Deploys a bundle where there is no network but loopback, in a home that has never seen anything. */
async function deployOffline(bundle: string, app: string): Promise<Offline> {
  const inside = 'ip link set lo up && exec "$@"'
  const program = [process.execPath, join(repository, 'tests/e2e/offline-deploy.ts'), bundle, app]
  const child = spawn('unshare', ['--net', 'sh', '-c', inside, 'sh', ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, code] = await Promise.all([text(child.stdout), new Promise((resolve) => child.once('close', resolve))])
  assert.equal(code, 0, output)
  return JSON.parse(output) as Offline
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

describe('a bundle', { timeout: 900_000 }, () => {
  let berth: TestBerth
  let folder: string
  let bundle: string
  let digest: string
  before(async () => {
    berth = await TestBerth.create()
    const files = pythonApp({
      name: 'shop',
      text: 'out of a bundle',
      manifest: '[configure.env]\nKEY = { secret = true, required = false }\n',
    })
    folder = await berth.folder({ ...files, 'requirements.txt': 'itsdangerous==2.2.0\n' })
    const { last } = await berth.events('deploy', folder, '--set', 'KEY=geheim-in-no-bundle')
    assert.ok(last.kind === 'deployed', JSON.stringify(last))
    digest = last.digest
    bundle = join(folder, 'shop.berth')
    await berth.ok('bundle', 'shop', '-o', bundle)
  })
  after(() => berth[Symbol.asyncDispose]())

  const header = async () => {
    const { stdout } = await run('tar', ['-xOf', bundle, headerName], { maxBuffer: 2 ** 26 })
    return JSON.parse(stdout) as BundleHeader
  }

  it('has the image, the lock, every artifact that it names, and the source, and no secret', async () => {
    const { members, image, lock } = await header()
    assert.equal(image, digest)
    const { artifacts } = parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
    const digests = new Set<string>(members.map((member) => member.digest))
    for (const { name, sha256 } of artifacts) assert.ok(digests.has(`sha256:${sha256}`), name)
    assert.ok(digests.has(image) && digests.has(lock))
    // Any tar reads it, and what it calls a blob is one.
    const directory = await berth.folder({})
    await run('tar', ['-xf', bundle, '-C', directory])
    for (const name of await readdir(join(directory, 'blobs/sha256'))) {
      assert.equal(await hashOf(join(directory, 'blobs/sha256', name)), name)
    }
    await assert.rejects(run('grep', ['-q', 'geheim-in-no-bundle', bundle]))
  })

  it('is the same, byte for byte, when it is made again', async () => {
    const again = `${bundle}.again`
    await berth.ok('bundle', 'shop', '-o', again, '--release', 'v1')
    assert.equal(await hashOf(again), await hashOf(bundle))
    await rm(again)
  })

  it('serves on a machine without any network, as the same image, and can be bundled there again', async () => {
    const found = await deployOffline(bundle, 'shop')
    assert.deepEqual(found.interfaces, ['lo'])
    assert.ok(found.last.kind === 'deployed', JSON.stringify(found.last))
    assert.equal(found.last.digest, digest)
    assert.deepEqual(found.page, { status: 200, text: 'out of a bundle' })
    assert.equal(found.status?.image, digest)
    assert.equal(found.again?.kind, 'done', JSON.stringify(found.again))
    assert.equal(await hashOf(`${bundle}.again`), await hashOf(bundle))
    await rm(`${bundle}.again`)
  })

  it('is made of a lock that says of an address that there is nothing', async () => {
    await using server = await DownloadServer.create()
    const ask = `exec 3<>/dev/tcp/127.0.0.1/3128 && printf 'GET ${server.origin}/none HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q 404 <&3`
    const serve = `$s = IO::Socket::INET->new(LocalPort => 8000, Listen => 5); while ($c = $s->accept) { while (<$c> =~ /\\S/) {} print $c "HTTP/1.0 200 OK\\r\\n\\r\\nnothing"; close $c }`
    const start = JSON.stringify(['perl', '-MIO::Socket::INET', '-e', serve])
    const lines = ['FROM debian:bookworm-slim', 'SHELL ["/bin/bash", "-c"]', `RUN ${ask}`, `CMD ${start}`]
    const empty = await berth.folder({ Dockerfile: lines.join('\n'), 'berth.toml': 'name = "empty"\n' })
    const { last } = await berth.events('deploy', empty)
    assert.equal(last.kind, 'deployed', JSON.stringify(last))
    assert.match(await readFile(join(empty, 'berth.lock'), 'utf8'), /tags = \["absent:404"\]/)
    const file = join(empty, 'empty.berth')
    await berth.ok('bundle', 'empty', '-o', file)
    await using other = await TestBerth.create()
    assert.equal((await other.events('deploy', file)).last.kind, 'deployed')
    assert.equal((await other.get('empty')).text, 'nothing')
  })

  it('takes settings as a deploy does, and refuses when one is missing', async () => {
    const files = pythonApp({ name: 'needy', manifest: '[configure.env]\nTOKEN = { secret = true }\n' })
    const needy = await berth.folder(files)
    const file = join(needy, 'needy.berth')
    await berth.ok('deploy', needy, '--set', 'TOKEN=one')
    await berth.ok('bundle', 'needy', '-o', file)
    await berth.ok('destroy', 'needy', '--yes')
    const problem = await berth.problem('deploy', file)
    assert.equal(problem.code, 'settings-missing')
    const { last } = await berth.events('deploy', file, '--set', 'TOKEN=two')
    assert.equal(last.kind, 'deployed')
    assert.equal((await berth.problem('deploy', file, '--plan')).code, 'usage')
  })

  describe('that is not as it was made', () => {
    let clean: TestBerth
    before(async () => (clean = await TestBerth.create()))
    after(() => clean[Symbol.asyncDispose]())

    const flip = async (file: string, offset: number) => {
      const handle = await open(file, 'r+')
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, offset)
      await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, offset)
      await handle.close()
    }
    const size = async () => (await stat(bundle)).size
    const withHeader = async (file: string, change: (text: string) => string) => {
      const whole = await readFile(file)
      await writeFile(file, Buffer.from(change(whole.toString('latin1')), 'latin1'))
    }
    const cases: { it: string; change: (file: string) => Promise<void>; code?: string; says: RegExp }[] = [
      {
        it: 'cut off in the middle',
        change: async (file) => truncate(file, Math.floor((await size()) / 2)),
        says: /cut off/,
      },
      {
        it: 'cut off before its last block',
        change: async (file) => truncate(file, (await size()) - 512),
        says: /cut off/,
      },
      { it: 'cut off in its header', change: (file) => truncate(file, 700), says: /cut off/ },
      { it: 'empty', change: (file) => truncate(file, 0), says: /cut off/ },
      { it: 'longer than it was', change: (file) => appendFile(file, 'x'), says: /something follows/ },
      {
        it: 'changed by one bit in a blob',
        change: async (file) => flip(file, Math.floor((await size()) * 0.7)),
        says: /has the hash|not as it was written/,
      },
      { it: 'changed by one bit in its header', change: (file) => flip(file, 600), says: /header/ },
      {
        it: 'of a later format',
        change: (file) => reheaded(file, (head) => head.replace('"format":1', '"format":2')),
        code: 'bundle-newer',
        says: /format 2/,
      },
      {
        it: 'of another processor',
        change: (file) => reheaded(file, (head) => head.replace(/"architecture":"[^"]+"/, '"architecture":"m68k"')),
        code: 'bundle-architecture',
        says: /m68k/,
      },
      {
        it: 'of another application',
        change: (file) => reheaded(file, (head) => head.replace('"app":"shop"', '"app":"evil"')),
        says: /manifest is not that of evil/,
      },
      {
        it: 'without what it names',
        change: (file) =>
          reheaded(file, (head) => head.replace(/"source":"sha256:[0-9a-f]+/, `"source":"sha256:${'f'.repeat(64)}`)),
        says: /is not in it/,
      },
      { it: 'no bundle', change: (file) => writeFile(file, 'hello, world\n'.repeat(100)), says: /no bundle of berth/ },
    ]

    /** Changes the header of a bundle, and writes its length and its hash as they have to be. */
    const reheaded = async (file: string, change: (head: string) => string) => {
      const { encodeHeader, paddingFor } = await import('../../src/image/tar.ts')
      const before = await header()
      const old = JSON.stringify(before)
      await withHeader(file, (all) => {
        const start = all.indexOf('blobs/sha256/')
        const head = all.slice(512, 512 + Number.parseInt(all.slice(124, 135), 8))
        assert.equal(JSON.stringify(JSON.parse(head)), old)
        const changed = Buffer.from(change(head))
        const hash = Buffer.from(`${createHash('sha256').update(changed).digest('hex')}\n`)
        const entry = (path: string, content: Buffer) =>
          Buffer.concat([
            encodeHeader({ path, size: content.length, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 }),
            content,
            paddingFor(content.length),
          ])
        const first = Buffer.concat([entry(headerName, changed), entry('berth-bundle.sha256', hash)])
        // 'blobs/…' inside of the JSON is none: members are named by digest there.
        return first.toString('latin1') + all.slice(start)
      })
    }

    for (const { it: name, change, code = 'bundle-damaged', says } of cases) {
      it(`is refused when it is ${name}, and nothing of it is kept`, async () => {
        const file = join(folder, 'changed.berth')
        await copyFile(bundle, file)
        await change(file)
        const before = await readdir(pathsOf(clean.instance).blobs).catch(() => [])
        const problem = await clean.problem('deploy', file)
        assert.equal(problem.code, code, problem.message)
        assert.match(problem.message, says)
        assert.match(problem.message, /changed\.berth/)
        const { blobs, temporary } = pathsOf(clean.instance)
        assert.deepEqual((await readdir(blobs)).sort(), before.sort())
        assert.deepEqual(await readdir(temporary), [])
        assert.deepEqual(await clean.json('ps'), [])
        await rm(file)
      })
    }
  })
})
