import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { GitServer, git as runGit } from '../../../tests/adapters/git-server.ts'
import * as testing from '../../../tests/adapters/proxy.ts'
import type { Artifact } from '../../model/lock.ts'
import { Problem } from '../../model/problem.ts'
import type { Session } from '../session.ts'
import { gitEnvironment, gitSshScript } from './git-client.ts'
import { scpGate, sshGate } from './git-ssh-address.ts'
import { git } from './git.ts'

describe('git', () => {
  let directory: string
  let server: GitServer
  let origin: string
  let counter = 0
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-git-'))
    server = new GitServer(join(directory, 'server'))
    await mkdir(server.root)
    await server.start()
    origin = server.origin('git.example.org')
  })
  after(async () => {
    server.stop()
    await rm(directory, { recursive: true })
  })

  /** Runs git of a build in a directory of its own; each command as words. */
  async function session(how: Session, commands: readonly (readonly string[])[], env: Record<string, string> = {}) {
    const work = join(directory, `work-${(counter += 1)}`)
    await mkdir(work)
    await using proxy = await testing.startTestProxy(directory, how, git)
    const said: string[] = []
    let error = ''
    for (const args of commands) {
      const settings = ['-c', 'advice.detachedHead=false', '-c', `http.proxy=${proxy.url}`]
      const result = runGit(work, [...settings, ...args], env)
      await result.then(
        (text) => said.push(text),
        (failure: unknown) => (error += (failure as { stderr: string }).stderr),
      )
    }
    const { artifacts, missing, failure } = proxy.proxy
    const replay = testing.replaying(directory, proxy.proxy)
    return { work, said, error, artifacts, missing, failure, notices: proxy.notices, replay }
  }

  /** Records, then replays with the server out of reach; both must say the same. */
  async function twice(commands: readonly (readonly string[])[], env: Record<string, string> = {}) {
    const recorded = await session(testing.recording, commands, env)
    assert.equal(recorded.error, '')
    const asked = server.asked.length
    const replayed = await session(recorded.replay, commands, env)
    assert.equal(replayed.error, '')
    assert.deepEqual(replayed.said, recorded.said)
    assert.equal(server.asked.length, asked)
    return { recorded, replayed }
  }

  const history = ['-C', 'copy', 'log', '--format=%H %D', '--all']

  it('gives a clone again as it was, with its history, branches and tags', async () => {
    const tree = await server.create('whole.git')
    await server.commit(tree, 'a', 'second', ['tag', 'light'], ['tag', '-a', '-m', 'x', 'heavy'])
    await server.commit(tree, 'a', 'third', ['branch', 'side'])
    const head = await server.commit(tree, 'a', 'fourth')
    const url = `${origin}/whole.git`
    const clone = [['clone', '--quiet', url, 'copy'], history, ['-C', 'copy', 'describe', '--tags', '--long']]
    const { recorded } = await twice(clone)
    assert.equal(recorded.artifacts.length, 1)
    const [artifact] = recorded.artifacts
    assert.equal(artifact?.version, head)
    assert.equal(artifact.url, url)
    const names = (artifact.tags ?? []).map((tag) => tag.replace(/=.*/, '=ID'))
    assert.deepEqual(names, [
      'HEAD:refs/heads/main',
      'refs/heads/main',
      'refs/heads/side=ID',
      'refs/tags/heavy=ID',
      'refs/tags/light=ID',
    ])

    await server.commit(tree, 'a', 'later', ['tag', '--force', 'light'])
    const again = await session(recorded.replay, clone)
    assert.deepEqual(again.said, recorded.said)
  })

  it('checks out what is found in the history', async () => {
    const tree = await server.create('past.git')
    const old = await server.commit(tree, 'a', 'old')
    await server.commit(tree, 'a', 'new')
    const clone = ['clone', '--quiet', `${origin}/past.git`, 'copy']
    const { replayed } = await twice([clone, ['-C', 'copy', 'checkout', '--quiet', old]])
    assert.equal(await readFile(join(replayed.work, 'copy/a'), 'utf8'), 'old')
  })

  for (const protocol of ['0', '1', '2']) {
    it(`locks a single commit for a shallow clone with protocol ${protocol}`, async () => {
      const tree = await server.create(`shallow${protocol}.git`)
      const commit = await server.commit(tree, 'a', 'released', ['tag', '-a', '-m', 'x', 'v1'])
      await server.commit(tree, 'a', 'later')
      const url = `${origin}/shallow${protocol}.git`
      const speak = ['-c', `protocol.version=${protocol}`]
      const clone = [...speak, 'clone', '--quiet', '--depth', '1', '--branch', 'v1', url, 'copy']
      const { recorded } = await twice([clone, history, ['-C', 'copy', 'describe']])
      const [artifact] = recorded.artifacts
      assert.equal(artifact?.version, `${commit}^!`)
      assert.equal(recorded.said[1]?.split('\n').length, 1)
      assert.equal(recorded.said[2], 'v1')
    })

    it(`replays names, tags and a whole clone with protocol ${protocol}`, async () => {
      const tree = await server.create(`names${protocol}.git`)
      await server.commit(tree, 'a', 'one', ['tag', '-a', '-m', 'x', 'v1'])
      const url = `${origin}/names${protocol}.git`
      const speak = ['-c', `protocol.version=${protocol}`]
      await twice([
        [...speak, 'ls-remote', '--quiet', url],
        [...speak, 'clone', '--quiet', url, 'copy'],
        [...speak, '-C', 'copy', 'fetch', '--quiet', '--tags'],
        history,
      ])
    })
  }

  it('fetches a commit by its id, as submodules do', async () => {
    const module = await server.create('module.git')
    const pinned = await server.commit(module, 'm', 'pinned')
    await server.commit(module, 'm', 'later')
    const tree = await server.create('outer.git')
    const add = [
      '-c',
      'protocol.file.allow=always',
      'submodule',
      'add',
      '--quiet',
      join(server.root, 'module.git'),
      'module',
    ]
    await runGit(tree, add)
    await runGit(join(tree, 'module'), ['checkout', '--quiet', pinned])
    await runGit(tree, ['config', '-f', '.gitmodules', 'submodule.module.url', `${origin}/module.git`])
    await server.commit(tree, 'a', 'with a module')
    const { recorded, replayed } = await twice([
      ['clone', '--quiet', '--recurse-submodules', '--shallow-submodules', `${origin}/outer.git`, 'copy'],
      ['-C', 'copy', 'submodule', 'status'],
    ])
    assert.equal(await readFile(join(replayed.work, 'copy/module/m'), 'utf8'), 'pinned')
    const versions = recorded.artifacts
      .filter(({ url }) => url.endsWith('module.git'))
      .map(({ version, tags }) => [version, tags])
    assert.ok(JSON.stringify(versions).includes(pinned), JSON.stringify(versions))
  })

  it('gives blobs on demand to a partial clone', async () => {
    const tree = await server.create('partial.git')
    const commit = await server.commit(tree, 'a', 'content')
    const clone = ['clone', '--quiet', '--filter=blob:none', '--no-checkout', `${origin}/partial.git`, 'copy']
    const { recorded, replayed } = await twice([clone, ['-C', 'copy', 'checkout', '--quiet', commit]])
    assert.equal(await readFile(join(replayed.work, 'copy/a'), 'utf8'), 'content')
    assert.equal(recorded.artifacts.length, 1)
  })

  it('locks one artifact for several requests', async () => {
    const tree = await server.create('several.git')
    const first = await server.commit(tree, 'a', 'one', ['branch', 'one'])
    await server.commit(tree, 'a', 'two', ['branch', 'two'])
    const url = `${origin}/several.git`
    const { recorded } = await twice([
      ['clone', '--quiet', '--depth=1', '--branch', 'one', url, 'copy'],
      ['-C', 'copy', 'fetch', '--quiet', '--depth=1', 'origin', 'two'],
      ['-C', 'copy', 'rev-parse', 'FETCH_HEAD'],
    ])
    assert.deepEqual(
      recorded.artifacts.map(({ version }) => version),
      [`${first}^!`],
    )
  })

  it('keeps to what an earlier lock has', async () => {
    const tree = await server.create('held.git')
    const before = await server.commit(tree, 'a', 'before')
    const clone = [
      ['clone', '--quiet', `${origin}/held.git`, 'copy'],
      ['-C', 'copy', 'rev-parse', 'HEAD'],
    ]
    const first = await session(testing.recording, clone)
    const moved = await server.commit(tree, 'a', 'after')
    const kept = await session({ mode: 'record', held: first.artifacts }, clone)
    assert.deepEqual(kept.said.slice(1), [before])
    assert.deepEqual(kept.artifacts, first.artifacts)
    assert.deepEqual((await session(testing.recording, clone)).said.slice(1), [moved])
  })

  it('makes the same pack of the same commits', async () => {
    const tree = await server.create('same.git')
    for (let each = 0; each < 5; each += 1) await server.commit(tree, 'a', `line ${each}\n`.repeat(50))
    const clone = [['clone', '--quiet', `${origin}/same.git`, 'copy']]
    const first = await session(testing.recording, clone)
    await runGit(join(server.root, 'same.git'), ['repack', '-a', '-d', '-f', '--window=1', '--quiet'])
    assert.deepEqual((await session(testing.recording, clone)).artifacts, first.artifacts)
  })

  it('fetches again what is not in the store, by its commits', async () => {
    const tree = await server.create('again.git')
    const commit = await server.commit(tree, 'a', 'locked', ['tag', 'v1'])
    // No name leads there: replay asks the server itself, without a proxy.
    const url = `${server.origin('127.0.0.1')}/again.git`
    const commands = [['clone', '--quiet', url, 'copy'], history]
    const shallow = [['clone', '--quiet', '--depth=1', url, 'copy'], history]
    for (const clone of [commands, shallow]) {
      const recorded = await session(testing.recording, clone)
      const empty = { ...recorded.replay, provide: () => Promise.reject(new Error('not in the store')) } as Session
      const replayed = await session(empty, clone)
      assert.equal(replayed.error, '')
      assert.deepEqual(replayed.said, recorded.said)
      assert.ok(replayed.said[1]?.startsWith(commit))
    }
  })

  it('refuses commits that are gone from the server and from the store', async () => {
    await server.create('gone.git')
    const artifact: Artifact = {
      ...{ kind: 'git', name: 'x', version: 'a'.repeat(40), url: `${server.origin('127.0.0.1')}/gone.git` },
      ...{ sha256: '0'.repeat(64), size: 1, tags: ['HEAD:refs/heads/main', 'refs/heads/main'] },
    }
    const how = { ...testing.nothing, artifacts: [artifact] } as Session
    const { error, failure } = await session(how, [['clone', '--quiet', artifact.url, 'copy']])
    assert.match(error, /502/)
    assert.match(failure?.message ?? '', /Cannot download .*gone\.git at a{40}/)
  })

  it('refuses a pack that is not what the lock says', async () => {
    const tree = await server.create('broken.git')
    await server.commit(tree, 'a', 'content')
    const clone = [['clone', '--quiet', `${origin}/broken.git`, 'copy']]
    const recorded = await session(testing.recording, clone)
    const path = join(directory, 'broken.pack')
    await writeFile(path, 'PACK nonsense')
    const how = { ...recorded.replay, provide: () => Promise.resolve(path) } as Session
    assert.match((await session(how, clone)).error, /502/)
  })

  it('passes on that a server wants a password, and keeps it out of the lock', async () => {
    await server.create('private.git')
    server.password = 'user:word'
    try {
      const secret = origin.replace('://', '://user:word@')
      const recorded = await session(testing.recording, [['clone', '--quiet', `${secret}/private.git`, 'copy']])
      assert.equal(recorded.error, '')
      assert.equal(recorded.artifacts[0]?.url, `${origin}/private.git`)
      assert.doesNotMatch(JSON.stringify(recorded.artifacts), /word/)
      const without = await session(testing.recording, [['clone', '--quiet', `${origin}/private.git`, 'copy']])
      assert.match(without.error, /could not read Username/)
    } finally {
      server.password = undefined
    }
  })

  it('passes on that there is no such repository', async () => {
    const { error, artifacts } = await session(testing.recording, [['clone', '--quiet', `${origin}/none.git`, 'copy']])
    assert.match(error, /not found/)
    assert.deepEqual(artifacts, [])
  })

  it('names a repository that is missing in the lock', async () => {
    const url = `${origin}/whole.git`
    const { error, missing } = await session(testing.nothing, [['clone', '--quiet', url, 'copy']])
    assert.match(error, /403/)
    assert.deepEqual(missing, [url])
  })

  it('refuses to push, large files and the dumb protocol, and says so', async () => {
    const tree = await server.create('refused.git')
    const url = `${origin}/refused.git`
    const pushed = await session(testing.recording, [['-C', tree, 'push', '--quiet', url, 'main:other']])
    assert.match(pushed.error, /403/)
    assert.match(pushed.notices.join(), /only reads/)
    await using proxy = await testing.startTestProxy(directory, testing.recording, git)
    await testing.get(proxy, `${url}/info/lfs/objects/batch`, { method: 'POST' })
    await testing.get(proxy, `${url}/info/refs`, { headers: { 'user-agent': 'git/2.39' } })
    assert.match(proxy.notices.join(), /LFS.*old one/)
  })

  it('says that a date does not move branches', async () => {
    await server.create('dated.git')
    const how: Session = { mode: 'record', held: [], asOf: new Date('2020-01-01') }
    const { notices } = await session(how, [['ls-remote', '--quiet', `${origin}/dated.git`]])
    assert.equal(notices.length, 1)
    assert.match(notices[0] ?? '', /as they are today/)
  })

  it('refuses addresses over ssh that hold options, and fetches none without a key', async () => {
    const refs = 'info/refs?service=git-upload-pack'
    const cases: [code: string, url: string][] = [
      ['ssh-address-refused', `${sshGate}git@-oProxyCommand=id/x.git/${refs}`],
      ['ssh-address-refused', `${sshGate}-oProxyCommand=id@example.org/x.git/${refs}`],
      ['ssh-address-refused', `${sshGate}git@%2doProxyCommand=id/x.git/${refs}`],
      ['ssh-address-refused', `${sshGate}git@example.org/x%0a.git/${refs}`],
      ['ssh-address-refused', `${sshGate}git@example.org/~/--upload-pack=id/${refs}`],
      ['ssh-address-refused', `${scpGate}example.org:--upload-pack=id/${refs}`],
      ['ssh-address-refused', `${sshGate}${refs}`],
      ['ssh-key-missing', `${scpGate}example.org:x.git/${refs}`],
    ]
    for (const [code, url] of cases) {
      await using proxy = await testing.startTestProxy(directory, testing.recording, git)
      const { status } = await testing.get(proxy, url)
      const { failure } = proxy.proxy
      assert.deepEqual([status, failure instanceof Problem && failure.code], [502, code], url)
    }
  })

  for (const [what, rules] of [
    ['an address with a scheme', []],
    ['another address, by what stands in for ssh', [['-c', 'url.me@example.org:.insteadOf=ssh://git@example.org/~/']]],
  ] as const) {
    it(`asks for ${what} over ssh through the proxy`, async () => {
      const url = 'ssh://git@example.org/~/x.git'
      const script = join(directory, 'git-ssh')
      await writeFile(script, gitSshScript)
      const work = await mkdtemp(join(directory, 'work-'))
      await using proxy = await testing.startTestProxy(directory, testing.nothing, git)
      const env = { ...gitEnvironment(script), http_proxy: proxy.url }
      await assert.rejects(runGit(work, [...rules.flat(), 'clone', '--quiet', url, 'copy'], env), /403/)
      assert.deepEqual(proxy.proxy.missing, [rules.length === 0 ? url : url.replace('git@', 'me@')])
    })
  }

  it('survives what is no request of git', async () => {
    const tree = await server.create('hostile.git')
    await server.commit(tree, 'a', 'x')
    await using proxy = await testing.startTestProxy(directory, testing.recording, git)
    for (const body of ['', '0', 'zzzz', '0003', 'ffff', '0010command=evil\n', '000fwant xyz\n\n0000']) {
      const answer = await testing.get(proxy, `${origin}/hostile.git/git-upload-pack`, { method: 'POST', body })
      assert.ok([200, 502].includes(answer.status), `${body}: ${answer.status}`)
    }
    assert.deepEqual(proxy.proxy.artifacts, [])
  })
})
