import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { access, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { pathsOf } from '../../src/host/instance.ts'
import type { AppStatus, AppSummary, DeployPlan, GcReport } from '../../src/model/api.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import type { Lock } from '../../src/model/lock.ts'
import type { Digest } from '../../src/model/names.ts'
import type { AffectedReport, Difference } from '../../src/model/supply-chain.ts'
import { validateSpdx } from '../fixtures/spdx-tools.ts'
import { pythonApp } from './apps.ts'
import { TestBerth } from './test-berth.ts'

const run = promisify(execFile)

/** An application with one requirement, which has newer versions. */
function shop(version: string): Record<string, string> {
  return { ...pythonApp({ name: 'shop', manifest }), 'requirements.txt': `itsdangerous==${version}\n` }
}
const colour = '[configure.env]\nCOLOUR = { default = "blue" }\n'
const manifest = '[configure.env]\nGREETING = { default = "hello" }\n'

interface Descriptor {
  digest: string
  artifactType?: string
  annotations?: Record<string, string>
}

/** What a statement is about. */
function subjectOf(statement: string): string | undefined {
  const { subject } = JSON.parse(statement) as { subject: { digest: { sha256: string } }[] }
  return subject[0]?.digest.sha256
}

async function lockIn(folder: string): Promise<Lock> {
  return parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
}

describe('what an application is made of', { timeout: 900_000 }, () => {
  let berth: TestBerth
  let folder: string
  before(async () => {
    berth = await TestBerth.create()
    folder = await berth.folder(shop('2.1.2'))
  })
  after(() => berth[Symbol.asyncDispose]())

  const write = async (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  }
  const plan = async () => {
    const { code, stdout } = await berth.run(['plan', folder, '--json'])
    return { code, plan: JSON.parse(stdout) as DeployPlan }
  }

  it('is not known before it is locked, and a plan says so', async () => {
    const { code, plan: planned } = await plan()
    assert.deepEqual([code, planned.lock], [0, { kind: 'none' }])
    assert.match((await berth.ok('plan', folder)).stdout, /no berth\.lock: would lock first/)
  })

  it('does not differ from the release that serves right after a deploy', async () => {
    await berth.ok('deploy', folder)
    const { lock } = (await plan()).plan
    assert.ok(lock.kind === 'follow')
    assert.deepEqual([lock.against, lock.changes], ['v1', []])
    assert.equal(lock.packages, (await lockIn(folder)).artifacts.length)
  })

  it('may not drift from its lock: a plan refuses as a deploy does', async () => {
    await write(shop('2.2.0'))
    const { code, plan: planned } = await plan()
    assert.equal(code, 1)
    assert.match(planned.refusals[0]?.message ?? '', /does not fit the source any more: itsdangerous/)
    assert.match(planned.refusals[0]?.lines?.join() ?? '', /==2\.1\.2 in the lock, ==2\.2\.0 now/)
    assert.equal((await berth.problem('deploy', folder)).code, 'lock-drift')
  })

  it('changes as the plan says, down to the packages of the operating system', async () => {
    await berth.ok('lock', folder)
    const lock = join(folder, 'berth.lock')
    const text = await readFile(lock, 'utf8')
    const other = /(name = "tzdata"\nversion = ")[^"]+("\n[^]*?sha256 = ")[0-9a-f]{8}/
    await writeFile(lock, text.replace(other, '$11999a-1$200000000'))
    const { lock: planned } = (await plan()).plan
    assert.ok(planned.kind === 'follow')
    await writeFile(lock, text)
    assert.deepEqual(
      planned.changes.map(({ kind, name }) => `${kind} ${name}`),
      ['deb tzdata', 'pypi itsdangerous'],
    )
    assert.deepEqual(planned.changes[1], { kind: 'pypi', name: 'itsdangerous', from: '2.1.2', to: '2.2.0' })
  })

  it('can be asked for what its registries have newer', async () => {
    await write(shop('2.1.2'))
    await berth.ok('lock', folder)
    for (const target of [folder, 'shop']) {
      const { code, last } = await berth.events('outdated', target)
      assert.ok(last.kind === 'outdated', JSON.stringify(last))
      assert.equal(code, 0)
      const found = last.packages.find(({ name }) => name === 'itsdangerous')
      assert.deepEqual([found?.locked, found?.heldBy], ['2.1.2', '==2.1.2 in requirements.txt'])
      assert.deepEqual(last.unknown, [])
      assert.ok(last.asked > 80, `${last.asked} packages asked about`)
    }
    assert.equal((await berth.problem('outdated', '/nowhere')).code, 'no-lock-there')
  })

  it('differs between releases in packages, files, settings and how it runs', async () => {
    await write({ ...shop('2.2.0'), 'new.txt': 'new' })
    const toml = await readFile(join(folder, 'berth.toml'), 'utf8')
    await writeFile(join(folder, 'berth.toml'), `${toml}\n[isolation]\nmemory = "256M"\n`)
    await berth.ok('lock', folder)
    await berth.ok('deploy', folder, '--set', 'GREETING=geheim')
    const shown = (await berth.ok('diff', 'shop@v1', 'shop@v2')).stdout
    assert.doesNotMatch(shown, /geheim/)
    for (const args of [['shop'], ['shop@v1'], ['shop@v1', 'shop@v2']]) {
      const found = await berth.json<Difference>('diff', ...args, '--files', '1000')
      assert.deepEqual([found.from, found.to], ['shop@v1', 'shop@v2'])
      assert.deepEqual(found.packages, [{ kind: 'pypi', name: 'itsdangerous', from: '2.1.2', to: '2.2.0' }])
      const file = (path: string) => found.files?.list.find((each) => each.path === path)?.change
      assert.deepEqual(['/app/new.txt', '/app/requirements.txt', '/app/app.py'].map(file), [
        'added',
        'changed',
        undefined,
      ])
      assert.deepEqual(found.settings, [{ change: 'changed', name: 'GREETING', secret: false }])
      assert.deepEqual(found.run, [{ name: 'limits.memoryBytes', from: '536870912', to: '268435456' }])
      assert.deepEqual(found.notes, [])
    }
    const toLock = await berth.json<Difference>('diff', 'shop@v1', join(folder, 'berth.lock'))
    assert.equal(toLock.packages?.length, 1)
    assert.equal(toLock.files, undefined)
  })

  it('is found by the package that somebody warns of, in old releases and in what serves', async () => {
    const ask = async (query: string) => {
      const { code, stdout } = await berth.run(['affected', query, '--json'])
      return { code, report: JSON.parse(stdout) as AffectedReport }
    }
    const old = await ask('itsdangerous<2.2')
    assert.deepEqual([old.code, old.report.releases], [0, 2])
    assert.deepEqual(old.report.found, [
      {
        ...{ app: 'shop', release: 'v1', kind: 'pypi', package: 'itsdangerous', version: '2.1.2' },
        ...{ serves: false, onlyBuild: false },
      },
    ])
    const both = await ask('pypi:ItsDangerous')
    assert.deepEqual(
      [both.code, both.report.found.map(({ release, serves }) => [release, serves])],
      [
        1,
        [
          ['v2', true],
          ['v1', false],
        ],
      ],
    )
    const source = await ask('glibc')
    assert.ok(source.report.found.some((found) => found.package === 'libc6' && found.source === 'glibc'))
    assert.equal((await ask('glibc<1')).report.found.length, 0)
    assert.match((await ask('zlib<1.2')).report.notes.join(), /zlib1g .* has an epoch/)
    const built = await ask('python-pip')
    assert.deepEqual([built.code, built.report.found.every(({ onlyBuild }) => onlyBuild)], [0, true])
    assert.equal((await berth.problem('affected', 'no package')).code, 'query-unclear')
  })

  it('is told as a bill of materials and as provenance, both attached to the image', async () => {
    const status = await berth.json<AppStatus>('status', 'shop')
    const image = status.image as Digest
    const documents = {
      'application/vnd.cyclonedx+json': (await berth.ok('sbom', 'shop')).stdout,
      'application/spdx+json': (await berth.ok('sbom', 'shop', '--format', 'spdx')).stdout,
      'application/vnd.in-toto+json': (await berth.ok('provenance', 'shop')).stdout,
    }
    const { Spec, Validation } = await import('@cyclonedx/cyclonedx-library')
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
    assert.equal(await validator.validate(documents['application/vnd.cyclonedx+json']), null)
    assert.equal(await validateSpdx(documents['application/spdx+json']), '')
    // As other tools find them: in index.json, by their type, with the image as their subject.
    const attached = new Map<string, unknown>()
    const index = JSON.parse(await readFile(join(berth.home, 'index.json'), 'utf8')) as { manifests: Descriptor[] }
    for (const { digest, artifactType } of index.manifests) {
      const manifest = JSON.parse(await blob(digest)) as { subject?: Descriptor; layers: Descriptor[] }
      if (artifactType === undefined || manifest.subject?.digest !== image) continue
      attached.set(artifactType, JSON.parse(await blob(manifest.layers[0]?.digest ?? '')))
    }
    for (const [type, text] of Object.entries(documents)) assert.deepEqual(attached.get(type), JSON.parse(text), type)
    assert.equal(subjectOf(documents['application/vnd.in-toto+json']), image.slice('sha256:'.length))
    const first = await berth.json<{ components: { purl: string }[] }>('sbom', 'shop', '--release', 'v1')
    assert.ok(first.components.some(({ purl }) => purl === 'pkg:pypi/itsdangerous@2.1.2'))
    assert.equal((await berth.problem('sbom', 'shop', '--format', 'pdf')).code, 'usage')
    assert.equal((await berth.problem('provenance', 'shop', '--release', 'v9')).code, 'unknown-release')
    await run('skopeo', ['inspect', `oci:${berth.home}:shop:v2`])
  })

  it('is signed once there is a key, and started by those who ask for that key alone', async () => {
    const sealed = await berth.folder({
      ...pythonApp({ name: 'sealed', manifest: `[install]\nsigned_by = ["team.pem"]\n${colour}` }),
    })
    const { publicKey: stranger } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    await writeFile(join(sealed, 'team.pem'), stranger.export({ type: 'spki', format: 'pem' }))
    assert.equal((await berth.problem('deploy', sealed)).code, 'image-unsigned')
    const key = (await berth.ok('key')).stdout
    assert.equal((await berth.ok('key')).stdout, key)
    assert.equal((await berth.problem('deploy', sealed)).code, 'image-unsigned')
    assert.deepEqual(
      (await berth.json<AppSummary[]>('ps')).map(({ app }) => app),
      ['shop'],
    )
    await writeFile(join(sealed, 'team.pem'), key)
    const { last } = await berth.events('deploy', sealed)
    assert.ok(last.kind === 'deployed', JSON.stringify(last))
    await checkWithOpenssl(last.digest, key)
    await writeFile(join(sealed, 'team.pem'), 'no key')
    assert.equal((await berth.problem('deploy', sealed)).code, 'signing-key-unreadable')
    // What came from elsewhere brings its signature along.
    const bundle = join(sealed, 'sealed.berth')
    await berth.ok('bundle', 'sealed', '-o', bundle)
    const other = await TestBerth.create()
    try {
      assert.equal((await other.events('deploy', bundle)).last.kind, 'deployed')
    } finally {
      await other[Symbol.asyncDispose]()
    }
    await requireSignedWhenStarted(last.digest)
    await berth.ok('destroy', 'sealed', '--yes')
  })

  /** A release that is brought back has to be signed still; what serves goes on. */
  async function requireSignedWhenStarted(image: Digest): Promise<void> {
    await berth.ok('config', 'set', 'sealed', 'COLOUR=red')
    const path = join(berth.home, 'index.json')
    const index = await readFile(path, 'utf8')
    const { manifests, ...rest } = JSON.parse(index) as { manifests: Descriptor[] }
    const others = manifests.filter(({ artifactType = '' }) => !artifactType.includes('cosign'))
    assert.ok(others.length < manifests.length)
    await writeFile(path, JSON.stringify({ ...rest, manifests: others }))
    const attempts = [
      ['rollback', 'sealed'],
      ['restart', 'sealed'],
      ['config', 'set', 'sealed', 'COLOUR=blue'],
    ]
    for (const attempt of attempts) {
      const problem = await berth.problem(...attempt)
      assert.deepEqual([problem.code, problem.message.includes(image)], ['image-unsigned', true], attempt.join(' '))
    }
    assert.equal((await berth.get('sealed')).status, 200)
    await writeFile(path, index)
    await berth.ok('rollback', 'sealed')
  }

  /** As anybody could check it, without berth. */
  async function checkWithOpenssl(image: Digest, key: string): Promise<void> {
    const index = JSON.parse(await readFile(join(berth.home, 'index.json'), 'utf8')) as { manifests: Descriptor[] }
    const directory = await berth.folder({ 'key.pem': key })
    for (const { digest, artifactType } of index.manifests) {
      if (artifactType !== 'application/vnd.dev.cosign.artifact.sig.v1+json') continue
      const { subject, layers } = JSON.parse(await blob(digest)) as { subject: Descriptor; layers: Descriptor[] }
      const [payload] = layers
      if (subject.digest !== image || !payload) continue
      const signature = payload.annotations?.['dev.cosignproject.cosign/signature'] ?? ''
      await writeFile(join(directory, 'sig'), Buffer.from(signature, 'base64'))
      const text = await blob(payload.digest)
      assert.ok(text.includes(`"docker-manifest-digest":"${image}"`), text)
      await writeFile(join(directory, 'payload'), text)
      const argv = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'sig', 'payload']
      assert.match((await run('openssl', argv, { cwd: directory })).stdout, /Verified OK/)
      return
    }
    assert.fail(`${image} has no signature`)
  }

  const blob = (digest: string) => readFile(join(pathsOf(berth.instance).blobs, digest.replace('sha256:', '')), 'utf8')

  it('stays in the store for as long as a release is kept, and goes with the last one', async () => {
    const other = await berth.folder({ ...pythonApp({ name: 'other' }), 'requirements.txt': 'blinker==1.7.0\n' })
    await berth.ok('deploy', other)
    await berth.ok('destroy', 'other', '--yes')
    const blobs = pathsOf(berth.instance).blobs
    const there = ({ sha256 }: { sha256: string }) =>
      access(join(blobs, sha256)).then(
        () => true,
        () => false,
      )
    const blinker = (await lockIn(other)).artifacts.find(({ name }) => name === 'blinker')
    assert.ok(blinker && (await there(blinker)))
    const { removed } = await berth.json<GcReport>('gc', '--dry-run')
    assert.ok(removed.some(({ kind, name }) => kind === 'blob' && blinker.sha256.startsWith(name)))
    await berth.ok('gc')
    assert.equal(await there(blinker), false)
    for (const artifact of (await lockIn(folder)).artifacts) assert.ok(await there(artifact), artifact.name)
    // Locks and sources of both releases as well: nothing of them may go.
    assert.deepEqual((await berth.json<Difference>('diff', 'shop@v1', 'shop@v2')).notes, [])
    assert.deepEqual((await berth.json<GcReport>('gc', '--dry-run')).removed, [])
  })

  it('is refused with the numbers when the disk has no room for it', async () => {
    const small = await TestBerth.create()
    try {
      const copy = await small.folder(shop('2.2.0'))
      await copyFile(join(folder, 'berth.toml'), join(copy, 'berth.toml'))
      await copyFile(join(folder, 'berth.lock'), join(copy, 'berth.lock'))
      await run('mount', ['-t', 'tmpfs', '-o', 'size=100m,mode=711', 'small', small.home])
      const problem = await small.problem('deploy', copy)
      assert.equal(problem.code, 'room-missing')
      const [, needed, free] = /about (\d+) MB, and the disk of \S+ has (\d+) MB left/.exec(problem.message) ?? []
      assert.ok(Number(needed) > 150 && Number(free) <= 105, problem.message)
      assert.deepEqual(await small.json('ps'), [])
    } finally {
      await small.killDaemon()
      await run('umount', [small.home])
      await small[Symbol.asyncDispose]()
    }
  })
})
