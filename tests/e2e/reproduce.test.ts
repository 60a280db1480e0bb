import assert from 'node:assert/strict'
import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { appendFile, chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { AppStatus } from '../../src/model/api.ts'
import type { BuildDifference, ScrubReport, Verification } from '../../src/model/proof.ts'
import { pythonApp } from './apps.ts'
import { eventually, TestBerth } from './test-berth.ts'
import { unreproducibleApp } from './unreproducible.ts'

/** Python 2.7 with byte-code that goes by time, Python 3, and Node. */
const examples = ['flask', 'node', 'taslug']

/** Dockerfiles that fetch nothing but their base; `bench/reproduce.ts` has them all. */
const dockerfiles: readonly (readonly [name: string, ...given: string[]])[] = [
  ['onbuild'],
  // The same as in dockerfiles.test.ts: a secret is no part of a layer's key, and tests share their layers.
  ['secret', '--set', 'API_TOKEN=geheim-in-no-layer'],
]

describe('berth', { timeout: 1_800_000 }, () => {
  let berth: TestBerth
  before(async () => (berth = await TestBerth.create()))
  after(() => berth[Symbol.asyncDispose]())

  it('builds every example again of nothing, elsewhere and in other circumstances, and comes to the same image', async () => {
    for (const name of examples) {
      const folder = await berth.folder(`examples/${name}`)
      const { code, last } = await berth.events('reproduce', folder)
      assert.equal(code, 0, `${name}: ${JSON.stringify(last)}`)
      assert.ok(last.kind === 'reproduced', `${name}: ${JSON.stringify(last)}`)
      assert.equal(last.again, last.digest, name)
      assert.ok(last.varied.length >= 5, name)
    }
  })

  it('builds Dockerfiles again, with the secrets that they are given', async () => {
    for (const [name, ...given] of dockerfiles) {
      const folder = await berth.folder(`examples/dockerfiles/${name}`)
      const { last } = await berth.events('reproduce', folder, ...given)
      assert.ok(last.kind === 'reproduced' && last.again === last.digest, `${name}: ${JSON.stringify(last)}`)
    }
  })

  it('builds no release again with other settings than its own', async () => {
    const problem = await berth.problem('reproduce', 'shop', '--set', 'API_TOKEN=geheim')
    assert.match(problem.message, /`--set` is for folders/)
  })

  it('leaves nothing of a second build behind', requireNothingLeft)

  async function requireNothingLeft(): Promise<void> {
    assert.deepEqual(await readdir(join(berth.home, 'tmp')), [])
    const mounts = await readFile('/proc/self/mountinfo', 'utf8')
    assert.ok(!mounts.includes('reproduction-'))
    assert.deepEqual(await readdir(join(berth.instance.run, 'reproductions')).catch((): string[] => []), [])
  }

  it('names each file of a build that writes the time, something random or a listing, and says why', async () => {
    const folder = await nestedFolder(unreproducibleApp())
    const { code, events, last } = await berth.events('reproduce', folder)
    assert.equal(code, 1)
    assert.equal(last.kind === 'problem' ? last.code : last.kind, 'not-reproducible')
    const differences = events.flatMap((event): BuildDifference[] => (event.kind === 'difference' ? [event] : []))
    const reasonOf = (name: string) =>
      differences.find(({ path }) => path.endsWith(`site-packages/noisy/${name}`))?.reason
    assert.equal(reasonOf('moment.py'), 'it holds the time of the build')
    assert.equal(reasonOf('lucky.py'), 'it holds something random')
    assert.equal(reasonOf('listing.py'), 'the same, in another order')
    assert.equal(reasonOf('__pycache__/moment.cpython-311.pyc'), 'it was compiled from a source that differs')
    assert.equal(reasonOf('steady.py'), undefined)
    assert.deepEqual([...new Set(differences.map(({ layer }) => layer))], ['Python packages of requirements.txt'])
  })

  async function nestedFolder(content: Readonly<Record<string, string>>): Promise<string> {
    const folder = await berth.folder({})
    for (const [path, text] of Object.entries(content)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    return folder
  }

  describe('with a release', () => {
    const name = 'proven'
    before(async () => {
      const content = pythonApp({ name })
      await berth.ok('deploy', await berth.folder({ ...content, 'requirements.txt': 'itsdangerous==2.2.0\n' }))
    })

    it('signs a statement that the release came out the same', async () => {
      const file = join(await berth.folder({}), 'statement.json')
      const { last } = await berth.events('reproduce', name, '--attest', file)
      assert.ok(last.kind === 'reproduced', JSON.stringify(last))
      assert.equal(last.again, (await status()).image)
      const envelope = JSON.parse(await readFile(file, 'utf8')) as Envelope
      const payload = Buffer.from(envelope.payload, 'base64')
      const signature = Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64')
      const head = `DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} ${payload.length} `
      const signed = Buffer.concat([Buffer.from(head), payload])
      assert.ok(verifySignature(null, signed, keyFrom(last.attestation?.key ?? ''), signature))
      const statement = JSON.parse(payload.toString()) as { subject: { digest: { sha256: string } }[] }
      assert.equal(`sha256:${statement.subject[0]?.digest.sha256 ?? ''}`, last.digest)
    })

    it('builds it again of what the release keeps, also after garbage was removed', async () => {
      await berth.ok('gc')
      assert.equal((await berth.events('reproduce', name, '--release', 'v1')).last.kind, 'reproduced')
    })

    it('finds what runs to be what was released', async () => {
      const [verification] = await berth.json<Verification[]>('verify', '--all')
      assert.ok(verification && verification.files > 5000 && verification.byteCode > 100)
      assert.equal(verification.sandbox, (await status()).sandbox?.id)
      assert.deepEqual(verification.drift, [])
    })

    it('names a file that was changed, added or removed, and a mode that was changed', async () => {
      const site = join(await environmentLayer(), 'app/venv/lib/python3.11/site-packages/itsdangerous')
      await appendFile(await ownCopy(join(site, 'signer.py')), '# changed\n')
      await writeFile(join(site, 'planted.py'), '')
      await rm(join(site, 'url_safe.py'))
      await chmod(await ownCopy(join(site, 'timed.py')), 0o4755)
      const { code, stdout } = await berth.run(['verify', name, '--json'])
      assert.equal(code, 1)
      const { drift } = (JSON.parse(stdout) as Verification[])[0] ?? assert.fail()
      const found = drift.map(({ where, path, what }) => [where, path?.split('/').at(-1), what.split(',')[0]])
      const where = 'Python packages of requirements.txt'
      assert.deepEqual(found, [
        [where, 'planted.py', 'file was added'],
        [where, 'signer.py', 'other content'],
        [where, 'timed.py', 'mode 644 became 4755'],
        [where, 'url_safe.py', 'file is gone'],
      ])
    })

    it('mends a damaged layer from its archive, and an archive from its layer', async () => {
      const { code, stdout } = await berth.run(['scrub', '--json'])
      assert.equal(code, 0, stdout)
      assert.match((JSON.parse(stdout) as ScrubReport).damage[0]?.outcome ?? '', /were laid out anew .*signer\.py/)
      await berth.ok('restart', name)
      await berth.ok('verify', name)
      const archive = (await environmentLayer()).replace('/layers/', '/blobs/sha256/')
      await spoil(archive)
      assert.equal((await berth.run(['verify', name])).code, 1)
      await berth.ok('scrub')
      await berth.ok('verify', name)
      const { checked } = await status()
      assert.match(checked?.damage[0]?.outcome ?? '', /its archive was damaged, and was written anew from its files/)
    })

    it('sees a change that only what runs has, because the layer was mended meanwhile', async () => {
      const file = join(await environmentLayer(), 'app/venv/bin/python')
      await rm(file)
      await berth.run(['verify', name]) // so that the sandbox looks for it, and finds it gone
      await berth.ok('scrub')
      const { stdout } = await berth.run(['verify', name, '--json'])
      const { drift } = (JSON.parse(stdout) as Verification[])[0] ?? assert.fail()
      assert.deepEqual(drift, [{ where: 'sandbox', path: 'app/venv/bin/python', what: 'symbolic link is gone' }])
      await berth.ok('restart', name)
      await berth.ok('verify', name)
    })

    it('has what is damaged beyond mending built again by the next deploy', async () => {
      const layer = await environmentLayer()
      await spoil(layer.replace('/layers/', '/blobs/sha256/'))
      const signer = join(layer, 'app/venv/lib/python3.11/site-packages/itsdangerous/signer.py')
      await appendFile(await ownCopy(signer), '# changed\n')
      const { code, stdout } = await berth.run(['scrub'])
      assert.equal(code, 1)
      assert.match(stdout, /DAMAGED .*deploy the source of proven again/)
      const content = pythonApp({ name })
      await berth.ok('deploy', await berth.folder({ ...content, 'requirements.txt': 'itsdangerous==2.2.0\n' }))
      await berth.ok('scrub')
      await berth.ok('restart', name)
      await berth.ok('verify', name)
    })

    it('fetches a package again that the disk has damaged, instead of building with it', async () => {
      const folder = await berth.folder({
        ...pythonApp({ name: 'other' }),
        'requirements.txt': 'itsdangerous==2.2.0\n',
      })
      await berth.ok('lock', folder)
      const lock = await readFile(join(folder, 'berth.lock'), 'utf8')
      const sha256 = /name = "itsdangerous"[^[]*sha256 = "([0-9a-f]{64})"/.exec(lock)?.[1] ?? assert.fail()
      const blob = join(berth.home, 'blobs/sha256', sha256)
      await spoil(blob)
      for (const record of await readdir(join(berth.home, 'cache/layers'))) {
        const path = join(berth.home, 'cache/layers', record)
        if ((await readFile(path, 'utf8')).includes('Python packages')) await rm(path)
      }
      const { events } = await berth.events('build', folder)
      assert.ok(events.some((event) => event.kind === 'notice' && event.message.includes(`${sha256} was damaged`)))
      assert.equal(events.at(-1)?.kind, 'built')
      assert.notEqual(await readFile(blob, 'utf8'), 'spoilt')
    })

    it('refuses a release that others were to vouch for and did not, and takes it once one has', async () => {
      const key = await ownKey()
      const demand = `[install]\nreproduced_by = 1\ntrusted_keys = ["${key}"]\n`
      const folder = await berth.folder(pythonApp({ name: 'demanding', manifest: demand }))
      const refusal = await berth.problem('deploy', folder)
      assert.equal(refusal.code, 'not-reproduced-by-others')
      assert.deepEqual(refusal.lines, [`no statement of ${key}`])
      await mkdir(join(folder, 'berth.attestations'))
      await berth.ok('reproduce', folder, '--attest', join(folder, 'berth.attestations/somebody.json'))
      await berth.ok('deploy', folder)
      assert.equal((await berth.get('demanding')).text, 'hello from demanding')
      // Who is given a bundle is given the statements with it.
      const bundle = join(folder, 'demanding.berth')
      await berth.ok('bundle', 'demanding', '-o', bundle)
      await using other = await TestBerth.create()
      assert.equal((await other.events('deploy', bundle)).last.kind, 'deployed')
      await other.ok('bundle', 'demanding', '-o', `${bundle}.again`)
      assert.ok((await readFile(bundle)).equals(await readFile(`${bundle}.again`)))
      await berth.ok('destroy', 'demanding', '--yes')
    })

    it('leaves nothing of a second build when the daemon is killed in the middle of it', async () => {
      const running = berth.run(['reproduce', name])
      const reproductions = join(berth.instance.run, 'reproductions')
      await eventually('the second build begins', async () => {
        const builds = await readdir(reproductions, { recursive: true }).catch((): string[] => [])
        return builds.some((path) => path.endsWith('/rootfs'))
      })
      await berth.killDaemon()
      assert.notEqual((await running).code, 0)
      await berth.ok('ps')
      await requireNothingLeft()
    })

    /** This host's key, as it is written in a manifest. */
    async function ownKey(): Promise<string> {
      const { x = '' } = createPublicKey(await readFile(join(berth.home, 'keys/attest.pem'))).export({ format: 'jwk' })
      return `ed25519:${Buffer.from(x, 'base64url').toString('base64')}`
    }

    async function status(): Promise<AppStatus> {
      return berth.json<AppStatus>('status', name)
    }

    /** Where the layer with the application's packages lies. */
    async function environmentLayer(): Promise<string> {
      for (const layer of await readdir(join(berth.home, 'layers'))) {
        const path = join(berth.home, 'layers', layer)
        const names = await readdir(join(path, 'app/venv/lib/python3.11/site-packages')).catch((): string[] => [])
        if (names.includes('itsdangerous') && !names.includes('flask')) return path
      }
      return assert.fail('there is no such layer')
    }
  })
})

interface Envelope {
  readonly payloadType: string
  readonly payload: string
  readonly signatures: readonly { readonly sig: string }[]
}

/** What homes of tests share is hard-linked: only what is a home's own may be spoilt in it. */
async function ownCopy(path: string): Promise<string> {
  await copyFile(path, `${path}.own`)
  await rename(`${path}.own`, path)
  return path
}

async function spoil(path: string): Promise<void> {
  await rm(path)
  await writeFile(path, 'spoilt')
}

function keyFrom(text: string) {
  const x = Buffer.from(text.replace('ed25519:', ''), 'base64').toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}
