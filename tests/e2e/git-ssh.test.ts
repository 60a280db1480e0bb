import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathsOf } from '../../src/host/instance.ts'
import { parseLock } from '../../src/model/lock-file.ts'
import type { Artifact } from '../../src/model/lock.ts'
import { buildOffline } from './dockerfile-setting.ts'
import { filesWith } from './files-with.ts'
import { dockerfileApp, fill, npmApp, pipApp, type Commits } from './git-ssh-apps.ts'
import { SshServer } from './ssh-server.ts'
import { TestBerth } from './test-berth.ts'

/** Everything is built anew there, from packages of Debian on. */
const slow = { timeout: 900_000 }

describe('a repository over ssh', { timeout: 1_800_000 }, () => {
  let berth: TestBerth
  let server: SshServer
  let commits: Commits
  let key: string
  let known: string
  before(async () => {
    berth = await TestBerth.create()
    server = await SshServer.create()
    commits = await fill(server)
    key = await server.makeKey('deploy')
    known = await server.knownHosts()
    await server.allow('deploy')
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await berth[Symbol.asyncDispose]()
  })

  const setting = (name: string, value: string) => ['--set', `BERTH_SSH_${name}=${value}`]
  const access = () => [...setting('KEY', key), ...setting('KNOWN_HOSTS', known)]
  const lockedIn = async (folder: string): Promise<Artifact[]> => {
    const { artifacts } = parseLock(await readFile(join(folder, 'berth.lock'), 'utf8'), 'berth.lock')
    return artifacts.filter(({ kind }) => kind === 'git')
  }
  const versions = async (folder: string) =>
    Object.fromEntries((await lockedIn(folder)).map(({ url, version }) => [url, version]))
  const at = (path: string) => `ssh://git@${server.address}${path}`

  /** Folders of applications that are locked, with their digests. */
  const built = new Map<string, string>()
  const lock = async (files: Record<string, string>): Promise<string> => {
    const folder = await berth.folder(files)
    const { last } = await berth.events('build', folder, ...access(), ...setting('KEY_TEAM', key))
    assert.ok(last.kind === 'built', JSON.stringify(last) + server.log.slice(-20).join('\n'))
    built.set(folder, last.digest)
    return folder
  }

  it('is had in every way that a Dockerfile has, and locked by its commits', async () => {
    const folder = await lock(dockerfileApp(server))
    const locked = await lockedIn(folder)
    const short = locked.map(({ url, version }) => `${url.slice(at('').length)} ${version}`)
    assert.ok(short.includes(`/~/tool.git ${commits.tool}^!`), short.join('\n'))
    assert.ok(short.includes(`/~/parts.git ${commits.parts}`), short.join('\n'))
    assert.ok(short.includes(`/~/parts.git ${commits.parts}^!`), short.join('\n'))
    assert.ok(short.some((line) => line.startsWith(`${server.folder}/home/lib.git `)))
  })

  it('is a requirement of pip', async () => {
    const [locked, ...others] = await lockedIn(await lock(pipApp(server)))
    assert.deepEqual(others, [])
    assert.equal(locked?.url, at('/~/tool.git'))
    assert.ok(locked.tags?.includes(`refs/tags/v1=${commits.tool}`), locked.tags?.join())
  })

  it('is a dependency of npm', async () => {
    const [locked, ...others] = await lockedIn(await lock(npmApp(server, commits)))
    assert.deepEqual(others, [])
    assert.equal(locked?.url, at('/~/lib.git'))
    const named = [locked.version.replace('^!', ''), ...(locked.tags ?? []).map((tag) => tag.split('=').at(-1))]
    assert.ok(named.includes(commits.lib), named.join())
  })

  it('comes to the same images in another home, with no network, no server and no key', slow, async () => {
    assert.equal(built.size, 3)
    await server.stop()
    try {
      const orders = [...built.keys()].map((folder) => ({ folder, settings: [] }))
      const offline = await buildOffline(pathsOf(berth.instance).blobs, orders)
      assert.deepEqual(offline.interfaces, ['lo'])
      for (const [folder, digest] of built) {
        const last = offline.builds[folder]?.at(-1)
        assert.ok(last?.kind === 'built', JSON.stringify(last))
        assert.equal(last.digest, digest)
      }
    } finally {
      await server.start()
    }
  })

  it('gives no application the key with which it was fetched, and seals that', async () => {
    const folder = [...built.keys()][1] ?? ''
    await berth.ok('deploy', folder, '--locked', ...access())
    assert.equal((await berth.get('pip', '/said')).text, 'over ssh')
    assert.doesNotMatch((await berth.get('pip', '/names')).text, /SSH/)
    const secret = key.split('\n')[2] ?? ''
    assert.ok(secret.length > 60)
    assert.deepEqual(await filesWith(secret, [berth.home, berth.instance.run, folder]), [])
    // What was stored is used where nothing else is said.
    const other = await adding(`git@${server.address}:tool.git#v1`, 'pip')
    assert.equal((await berth.events('lock', other)).last.kind, 'done')
    assert.deepEqual(await versions(other), { [at('/~/tool.git')]: `${commits.tool}^!` })
  })

  /** An application of one repository, which needs no git in its image. */
  const adding = (source: string, name = 'adding') => {
    const Dockerfile = ['FROM scratch', `ADD ${source} /srv`, 'CMD ["true"]'].join('\n')
    return berth.folder({ Dockerfile, 'berth.toml': `name = "${name}"\n` })
  }

  it('stays at its commit when its tag moves, and comes back from the server by its commit', async () => {
    const { tree, first } = await server.edit(async (repositories) => {
      const made = await repositories.create('moving.git')
      return { tree: made, first: await repositories.commit(made, 'a', 'first', ['tag', 'v1']) }
    })
    const folder = await adding(`git@${server.address}:moving.git#v1`)
    await berth.ok('lock', folder, ...access())
    const second = await server.edit((repositories) =>
      repositories.commit(tree, 'a', 'second', ['tag', '--force', 'v1']),
    )
    await writeFile(join(folder, 'new'), 'so that the lock is made anew')
    await berth.ok('lock', folder, ...access())
    assert.deepEqual(await versions(folder), { [at('/~/moving.git')]: `${first}^!` })

    const dockerfile = await readFile(join(folder, 'Dockerfile'), 'utf8')
    const [locked] = await lockedIn(folder)
    const { blobs } = pathsOf(berth.instance)
    await rm(join(blobs, locked?.sha256 ?? ''))
    await rm(join(berth.home, 'cache/registries/git'), { recursive: true })
    // A layer that is there already would not be fetched again.
    await writeFile(join(folder, 'Dockerfile'), dockerfile.replace(' /srv', ' /opt'))
    assert.equal((await berth.problem('build', folder)).code, 'ssh-key-missing')
    const { last } = await berth.events('build', folder, ...access())
    assert.equal(last.kind, 'built', JSON.stringify(last))

    await berth.ok('lock', folder, '--update', ...access())
    assert.deepEqual(await versions(folder), { [at('/~/moving.git')]: `${second}^!` })
  })

  interface Refusal {
    readonly it: string
    readonly source?: string
    readonly given: () => Promise<string[]> | string[]
    readonly code: string
    readonly says: RegExp
    readonly fix?: RegExp
  }
  const refusals: Refusal[] = [
    {
      ...{ it: 'without a key', given: () => setting('KNOWN_HOSTS', known), code: 'ssh-key-missing' },
      ...{ says: /no key for ssh is set/, fix: /--set BERTH_SSH_KEY=-/ },
    },
    {
      ...{ it: 'with what is no key', given: () => [...setting('KNOWN_HOSTS', known), ...setting('KEY', 'secret')] },
      ...{ code: 'ssh-key-unusable', says: /key in BERTH_SSH_KEY: it is no private key/, fix: /ssh-keygen/ },
    },
    {
      ...{
        it: 'with a key that has a passphrase',
        code: 'ssh-key-unusable',
        says: /key in BERTH_SSH_KEY: it has a passphrase/,
      },
      given: async () => [
        ...setting('KNOWN_HOSTS', known),
        ...setting('KEY', await server.makeKey('sealed', '-N', 'pass')),
      ],
    },
    {
      ...{
        it: 'with a key that the server does not know',
        code: 'ssh-refused',
        says: /does not accept the key in BERTH_SSH_KEY/,
      },
      given: async () => [...setting('KNOWN_HOSTS', known), ...setting('KEY', await server.makeKey('other'))],
    },
    {
      ...{ it: 'from a server that nobody knows', given: () => setting('KEY', key), code: 'ssh-host-unknown' },
      ...{ says: /the key of the server is not known/, fix: /BERTH_SSH_KNOWN_HOSTS="\$\(ssh-keyscan 198/ },
    },
    {
      ...{ it: 'from a server that is another one', code: 'ssh-host-unknown', says: /another key than the one/ },
      given: async () => {
        await server.makeKey('impostor')
        const line = await readFile(join(server.folder, 'impostor.pub'), 'utf8')
        return [...setting('KEY', key), ...setting('KNOWN_HOSTS', `${server.address} ${line}`)]
      },
    },
    {
      ...{ it: 'that is not there', source: 'git@HOST:none.git', given: access },
      ...{ code: 'download-failed', says: /none\.git.*not appear to be a git repository/ },
    },
    {
      ...{ it: 'without the tag that is asked for', source: 'git@HOST:tool.git#v9', given: access },
      ...{ code: 'download-failed', says: /no branch, tag or commit v9/ },
    },
    {
      ...{ it: 'at a port where nobody listens', source: 'ssh://git@HOST:23/~/tool.git', given: access },
      ...{ code: 'download-failed', says: /Connection refused/ },
    },
    {
      ...{ it: 'on this host', source: 'ssh://git@127.0.0.1/tool.git', given: access },
      ...{ code: 'download-failed', says: /a build may not reach 127\.0\.0\.1: 127\.0\.0\.1 is this host/ },
    },
    {
      ...{ it: 'of a host that is an option', source: 'ssh://git@-oProxyCommand=id/tool.git', given: access },
      ...{ code: 'ssh-address-refused', says: /cannot be a host/ },
    },
    {
      ...{ it: 'of a user who is an option', source: 'ssh://-oProxyCommand=id@HOST/tool.git', given: access },
      ...{ code: 'ssh-address-refused', says: /cannot be a user/ },
    },
    {
      ...{ it: 'whose path is an option', source: 'git@HOST:--upload-pack=id', given: access },
      ...{ code: 'ssh-address-refused', says: /begins with `-`/ },
    },
    {
      ...{ it: 'whose address has a line break in it', source: 'ssh://git@HOST/a%0Ab', given: access },
      ...{ code: 'ssh-address-refused', says: /control characters/ },
    },
    {
      ...{ it: 'with a password in its address', source: 'ssh://git:geheim@HOST/a', given: access },
      ...{ code: 'ssh-address-refused', says: /^(?!.*geheim).*a password does not belong there/ },
    },
  ]
  for (const { it: name, source = 'git@HOST:tool.git', given, code, says, fix = /./ } of refusals) {
    it(`is refused ${name}, by its line`, async () => {
      const folder = await adding(source.replace('HOST', server.address))
      const problem = await berth.problem('lock', folder, ...(await given()))
      assert.deepEqual([problem.code, problem.at], [code, 'Dockerfile:2'], JSON.stringify(problem))
      assert.match(problem.message, says)
      assert.match(problem.fix, fix)
      assert.doesNotMatch(JSON.stringify(problem), /PRIVATE KEY/)
    })
  }

  it('needs no ssh-keyscan before it, which fails, and a build says so', async () => {
    const lines = ['FROM debian:bookworm-slim', 'RUN ssh-keyscan example.org > /known_hosts', 'CMD ["true"]']
    const folder = await berth.folder({ Dockerfile: lines.join('\n'), 'berth.toml': 'name = "scanning"\n' })
    const { events, last } = await berth.events('lock', folder)
    assert.ok(last.kind === 'problem' && last.at === 'Dockerfile:2', JSON.stringify(last))
    const notices = events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []))
    assert.ok(
      notices.some((message) => /ssh-keyscan reaches nothing/.test(message)),
      notices.join('\n'),
    )
  })

  for (const [id, name] of [
    ['default', 'BERTH_SSH_KEY'],
    ['my-repo', 'BERTH_SSH_KEY_MY_REPO'],
  ] as const) {
    it(`that a command of a Dockerfile requires is refused without ${name}, by its line`, async () => {
      const lines = ['FROM debian:bookworm-slim', `RUN --mount=type=ssh,id=${id},required true`, 'CMD ["true"]']
      const folder = await berth.folder({ Dockerfile: lines.join('\n'), 'berth.toml': 'name = "required"\n' })
      const problem = await berth.problem('lock', folder)
      assert.deepEqual([problem.code, problem.at], ['ssh-key-missing', 'Dockerfile:2'], JSON.stringify(problem))
      assert.ok(problem.fix.includes(`--set ${name}=-`), problem.fix)
    })
  }
})
