import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { readAttributes } from '../../src/host/file-attributes.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import { digestOf, type Artifact } from '../../src/model/lock.ts'
import { hexOf } from '../../src/model/names.ts'
import { base, capability } from './base-image.ts'
import { programs, type Entry, type MadeImage } from './made-image.ts'
import { TestBerth } from './test-berth.ts'
import { TestRegistry } from './test-registry.ts'

/** The one file of a built image that the tests look at, wherever its layer is. */
async function built(home: string, path: string): Promise<string[]> {
  const layers = join(home, 'layers')
  const found = await Promise.all(
    (await readdir(layers)).map((name) => readFile(join(layers, name, path), 'utf8').catch(() => undefined)),
  )
  return found.filter((text) => text !== undefined)
}

function largest(artifacts: readonly Artifact[]): Artifact {
  return artifacts.toSorted((one, other) => other.size - one.size)[0] ?? assert.fail()
}

/** Takes away what was made of the downloads: they alone have to do. */
async function forgetLayers(berth: TestBerth, locked: readonly Artifact[]): Promise<void> {
  const kept = new Set(locked.map((artifact) => hexOf(digestOf(artifact))))
  for (const name of ['layers', 'cache']) await rm(join(berth.home, name), { recursive: true })
  const blobs = join(berth.home, 'blobs/sha256')
  for (const name of await readdir(blobs)) if (!kept.has(name)) await rm(join(blobs, name))
}

/** Reads the whole request first: a connection closed with words unread is reset, and its answer may be lost. */
const serve = `while read -r line && [ "\${#line}" -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\\r\\n\\r\\n'
read -r line < /seen && echo "$line"
`

// What one home has fetched or built must not be there in the next: that is what these tests are about.
delete process.env['BERTH_TEST_CACHE']

describe('an image of a registry', () => {
  let registry: TestRegistry
  let system: Entry[]
  let berth: TestBerth
  let folder: string
  let reference: string
  let locked: Artifact[]
  let digest: string

  async function newBerth(): Promise<TestBerth> {
    const made = await TestBerth.create()
    made.environment['HOME'] = registry.home
    return made
  }

  async function build(on: TestBerth): Promise<string> {
    const { last } = await on.events('build', folder, '--locked')
    assert.equal(last.kind, 'built', JSON.stringify(last))
    return last.digest
  }

  async function dockerApp(lines: readonly string[]): Promise<string> {
    return berth.folder({ 'berth.toml': 'name = "onbase"\n', Dockerfile: `${lines.join('\n')}\n`, serve })
  }

  async function artifactsLocked(): Promise<readonly Artifact[]> {
    return parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock').artifacts
  }

  before(async () => {
    registry = await TestRegistry.create()
    system = await programs('/usr/bin/dash', '/usr/bin/socat')
    berth = await newBerth()
    reference = await registry.push('team/base:1', base(system, 'one'))
    const tool: MadeImage = { layers: [{ compression: 'gzip', entries: [{ path: 'opt/tool', content: 'tool' }] }] }
    const tools = await registry.push('tools:2.1', tool, 'v2s2')
    folder = await dockerApp([
      `FROM ${reference}`,
      'RUN echo $VERSION $(pwd) /data/* /old/* > /seen',
      `COPY --from=${tools} /opt/tool /usr/local/tool`,
      'EXPOSE 8000',
      'COPY serve /serve',
      'CMD ["/usr/bin/socat", "TCP-LISTEN:8000,fork,reuseaddr", "EXEC:/bin/sh /serve"]',
    ])
  })
  after(async () => {
    await berth[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })

  it('is locked by the digest of its manifest for this processor, with each of its files', async () => {
    await berth.ok('lock', folder)
    const artifacts = await artifactsLocked()
    locked = artifacts.filter(({ kind }) => kind === 'image')
    const name = `${registry.host}/team/base`
    const own = locked.filter((artifact) => artifact.name === name)
    assert.equal(own.length, 5, 'a manifest, a configuration, three layers')
    assert.ok(own.every(({ version, part }) => version === '1' && part === 'base'))
    const [manifest, ...others] = own.filter(({ tags }) => tags?.includes(reference))
    assert.ok(manifest && others.length === 0)
    assert.equal(manifest.url, `docker://${name}@${digestOf(manifest)}`)
    for (const artifact of locked) {
      const { size } = await lstat(join(berth.home, 'blobs/sha256', artifact.sha256))
      assert.equal(size, artifact.size, artifact.url)
    }
  })

  it('is built upon, with its settings, and without what its layers hide', async () => {
    digest = await build(berth)
    assert.deepEqual(await built(berth.home, 'seen'), ['one /srv /data/b /old/y\n'])
    assert.deepEqual(await built(berth.home, 'usr/local/tool'), ['tool'])
  })

  it('has neither set-user bits nor devices, and keeps owners and capabilities', async () => {
    const layers = await readdir(join(berth.home, 'layers'))
    const attributes = await readAttributes(join(berth.home, 'layers'), '^security\\.capability$')
    const able = [...attributes].filter(([path]) => path.endsWith('/able'))
    assert.deepEqual(
      able.map(([, found]) => found.get('security.capability')),
      [capability],
    )
    const of = async (path: string) => {
      const found = await Promise.all(
        layers.map((name) => lstat(join(berth.home, 'layers', name, path)).catch(() => undefined)),
      )
      return found.filter((facts) => facts !== undefined)
    }
    assert.deepEqual(
      (await of('privileged')).map(({ mode }) => mode & 0o7777),
      [0o755],
    )
    assert.deepEqual(
      (await of('old/y')).map(({ uid, gid }) => [uid, gid]),
      [[33, 33]],
    )
    assert.deepEqual(await of('dev/null'), [])
    assert.deepEqual((await of('data/a')).map((facts) => facts.isCharacterDevice()).sort(), [false, true])
  })

  it('is the locked one in another home, though its tag stands for another by now', async () => {
    await registry.push('team/base:1', base(system, 'two'))
    await using other = await newBerth()
    assert.equal(await build(other), digest)
    assert.deepEqual(await built(other.home, 'version'), ['one'])
  })

  it('needs no registry when the store has what the lock names', async () => {
    await registry.stop()
    await forgetLayers(berth, locked)
    assert.equal(await build(berth), digest)
    await registry.start()
  })

  it('is fetched again when a download was damaged, and never used damaged', async () => {
    await registry.stop()
    await forgetLayers(berth, locked)
    const layer = largest(locked)
    const path = join(berth.home, 'blobs/sha256', layer.sha256)
    const bytes = await readFile(path)
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    await writeFile(path, bytes)
    const problem = await berth.problem('build', folder, '--locked')
    assert.deepEqual([problem.code, problem.exitCode], ['dockerfile-image-unreachable', 75], JSON.stringify(problem))
    await registry.start()
    assert.equal(await build(berth), digest)
  })

  it('is refused when the registry has other bytes than the digest says', async () => {
    const layer = largest(locked)
    const path = join(registry.data, 'docker/registry/v2/blobs/sha256', layer.sha256.slice(0, 2), layer.sha256, 'data')
    await copyFile(path, `${path}.whole`)
    const bytes = await readFile(path)
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    await writeFile(path, bytes)
    await using other = await newBerth()
    const problem = await other.problem('build', folder, '--locked')
    await copyFile(`${path}.whole`, path)
    assert.equal(problem.code, 'image-refused', JSON.stringify(problem))
    assert.match(problem.message, /did not match|digest/i)
    assert.deepEqual(await built(other.home, 'version'), [])
  })

  it('stays in the lock until it is told to move', async () => {
    const before = await readFile(join(folder, 'berth.lock'), 'utf8')
    await berth.ok('lock', folder)
    assert.equal(await readFile(join(folder, 'berth.lock'), 'utf8'), before)
    const { events } = await berth.events('lock', folder, '--update', 'team/base')
    const change = events.find((event) => event.kind === 'locked')?.changes
    assert.deepEqual(change, [{ kind: 'image', name: `${registry.host}/team/base`, from: '1', to: '1 (other bytes)' }])
    assert.notEqual(await build(berth), digest)
    assert.ok((await built(berth.home, 'seen')).includes('two /srv /data/b /old/y\n'))
  })

  it('serves, and its downloads outlive a collection of garbage', async () => {
    const { last } = await berth.events('deploy', folder, '--locked')
    assert.equal(last.kind, 'deployed', JSON.stringify(last))
    assert.match((await berth.get('onbase')).text, /two \/srv/)
    await berth.ok('gc')
    const artifacts = await artifactsLocked()
    const blobs = new Set(await readdir(join(berth.home, 'blobs/sha256')))
    assert.deepEqual(
      artifacts.filter(({ sha256 }) => !blobs.has(sha256)),
      [],
    )
  })

  it('goes into a bundle, fetched again for that when a file was lost, and is deployed without a registry', async () => {
    const artifacts = await artifactsLocked()
    const layer = largest(artifacts.filter(({ kind }) => kind === 'image'))
    await rm(join(berth.home, 'blobs/sha256', layer.sha256))
    const bundle = join(folder, 'onbase.berth')
    await berth.ok('bundle', 'onbase', '-o', bundle)
    await registry.stop()
    await using other = await newBerth()
    const { last } = await other.events('deploy', bundle)
    assert.equal(last.kind, 'deployed', JSON.stringify(last))
    assert.match((await other.get('onbase')).text, /two \/srv/)
    await registry.start()
  })

  it('is found by each way to write it, and brings its triggers, which may need further images', async () => {
    const more = await registry.push('more:1', { layers: [{ entries: [{ path: 'more', content: 'more' }] }] })
    const triggers = {
      Env: ['PATH=/usr/bin:/bin'],
      OnBuild: [`COPY --from=${more} /more /copied`, 'RUN echo triggered > /trigger'],
    }
    const entries = [...system, { path: 'bin/sh', type: 'symlink', linkTarget: '/usr/bin/dash' } as const]
    const named = await registry.push('library/parent', {
      isListed: true,
      config: triggers,
      layers: [{ compression: 'gzip', entries }],
    })
    const { stdout } = await promisify(execFile)('skopeo', [
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${named}`,
    ])
    const list = createHash('sha256').update(stdout).digest('hex')
    const app = await dockerApp([
      `FROM ${named}:latest@sha256:${list}`,
      `COPY --from=${named} /usr/bin/dash /one`,
      `COPY --from=${named}:latest /usr/bin/dash /two`,
      'CMD ["/one"]',
    ])
    await berth.ok('lock', app)
    await using other = await newBerth()
    const digests = []
    for (const each of [berth, other]) {
      const { last } = await each.events('build', app, '--locked')
      assert.equal(last.kind, 'built', JSON.stringify(last))
      digests.push(last.digest)
    }
    assert.equal(digests[0], digests[1])
    assert.deepEqual(await built(other.home, 'trigger'), ['triggered\n'])
    assert.deepEqual(await built(other.home, 'copied'), ['more'])
  })

  const refused: { it: string; image: MadeImage; says: RegExp }[] = [
    {
      it: 'of another processor',
      image: { layers: [], architecture: 's390x' },
      says: /linux\/s390x/,
    },
    {
      it: 'with a layer that leads out of it',
      image: { layers: [{ compression: 'gzip', entries: [{ path: '../../../../etc/berth-test', content: 'x' }] }] },
      says: /leads out/,
    },
    {
      it: 'with a layer of an unknown kind',
      image: { layers: [{ mediaType: 'application/vnd.example.layer', entries: [] }] },
      says: /unknown kind "application\/vnd\.example\.layer"/,
    },
    {
      it: 'with a layer that says it is compressed, and is not',
      image: { layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', entries: [] }] },
      says: /compression is damaged/,
    },
  ]
  for (const [index, { it: name, image, says }] of refused.entries()) {
    it(`${name} is refused`, async () => {
      const named = await registry.push(`bad:${index}`, image)
      const problem = await berth.problem(
        'build',
        await dockerApp([`FROM ${named}`, 'COPY Dockerfile /', 'CMD ["/x"]']),
      )
      assert.equal(problem.code, 'image-unusable', JSON.stringify(problem))
      assert.match(problem.message, says)
    })
  }

  it('that is not there is refused, and a registry that is not there may be tried again', async () => {
    const missing = await berth.problem(
      'build',
      await dockerApp([`FROM ${registry.host}/team/base:none`, 'CMD ["/x"]']),
    )
    assert.deepEqual([missing.code, missing.exitCode], ['image-refused', 1], JSON.stringify(missing))
    const silent = await berth.problem('build', await dockerApp(['FROM localhost:1/team/base', 'CMD ["/x"]']))
    assert.deepEqual([silent.code, silent.exitCode], ['dockerfile-image-unreachable', 75], JSON.stringify(silent))
    assert.match(silent.message, /connection refused/)
  })

  it("that is private is fetched with the administrator's password, and without it the operator is told to log in", async () => {
    await using closed = await TestRegistry.create('sekrit')
    const named = await closed.push('private:1', { layers: [{ entries: [{ path: 'a', content: 'a' }] }] })
    const app = await dockerApp([`FROM ${named}`, 'CMD ["/a"]'])
    await using other = await TestBerth.create()
    other.environment['HOME'] = closed.home
    const problem = await other.problem('build', app)
    assert.equal(problem.code, 'image-refused', JSON.stringify(problem))
    assert.ok(
      problem.fix.includes(`skopeo login --authfile ~/.config/containers/auth.json ${closed.host}`),
      problem.fix,
    )
    await closed.logIn()
    const { last } = await other.events('build', app)
    assert.equal(last.kind, 'built', JSON.stringify(last))
    const lock = await other.events('lock', app)
    assert.ok(!JSON.stringify(lock.events).includes('sekrit'))
  })
})
