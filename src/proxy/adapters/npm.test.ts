import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { NpmRegistry } from '../../../tests/adapters/npm-registry.ts'
import * as testing from '../../../tests/adapters/proxy.ts'
import type { Artifact } from '../../model/lock.ts'
import type { Session } from '../session.ts'
import { npm } from './npm.ts'

const run = promisify(execFile)
const abbreviated = { accept: 'application/vnd.npm.install-v1+json' }

describe('npm', () => {
  const registry = new NpmRegistry()
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-npm-'))
    await registry.start()
  })
  beforeEach(() => registry.clear())
  after(async () => {
    registry.server.stop()
    await rm(directory, { recursive: true })
  })

  interface Outcome {
    readonly artifacts: readonly Artifact[]
    readonly missing: readonly string[]
    readonly notices: readonly string[]
    /** Of node_modules and of npm's lock file. */
    readonly tree: Readonly<Record<string, string>>
    readonly output: string
    readonly replay: Session
  }

  /** Runs the real npm in an empty project, behind a proxy of its own. */
  async function install(session: Session, args: string[], files: Record<string, unknown> = {}): Promise<Outcome> {
    // The same path each time: npm's files know where they are.
    const project = join(directory, 'project')
    await rm(project, { recursive: true, force: true })
    await mkdir(project)
    for (const [name, content] of Object.entries(files)) await writeFile(join(project, name), JSON.stringify(content))
    await using proxy = await testing.startTestProxy(directory, session, npm)
    const output = await run('npm', args, { cwd: project, env: await environment(proxy), timeout: 50_000 }).then(
      ({ stdout, stderr }) => stdout + stderr,
      (error: unknown) => String((error as { stderr: unknown }).stderr),
    )
    const { artifacts, missing } = proxy.proxy
    const replay = testing.replaying(directory, proxy.proxy)
    return { artifacts, missing, notices: proxy.notices, tree: await treeOf(project), output, replay }
  }

  async function environment(proxy: testing.TestProxy): Promise<Record<string, string>> {
    const home = await mkdtemp(join(directory, 'home-'))
    return {
      ...{ PATH: process.env['PATH'] ?? '', HOME: home, http_proxy: proxy.url, npm_config_registry: registry.url },
      ...{ npm_config_update_notifier: 'false', npm_config_loglevel: 'warn', npm_config_fetch_retries: '0' },
    }
  }

  const named = ({ artifacts }: Outcome) => artifacts.map(({ name, version }) => `${name}@${version}`).sort()
  const packages = (tree: Outcome['tree']) =>
    Object.keys(tree)
      .filter((path) => path.endsWith('package.json'))
      .sort()

  it('gives a replayed install the same tree, whatever the registry has by then', async () => {
    await registry.publish({ name: 'inner', version: '1.2.0' }, { files: { 'index.js': 'module.exports = 1' } })
    await registry.publish(
      {
        ...{ name: '@scope/outer', version: '2.0.0', bin: 'bin/cli.js', license: 'MIT' },
        ...{ dependencies: { inner: '^1.0.0' }, engines: { node: '>=4' } },
      },
      { files: { 'bin/cli.js': '#!/usr/bin/env node\n' } },
    )
    const args = ['install', '@scope/outer', 'inner@latest']
    const recorded = await install(testing.recording, args)
    assert.deepEqual(named(recorded), ['@scope/outer@2.0.0', 'inner@1.2.0'])
    assert.deepEqual(recorded.artifacts[0]?.tags, ['latest'])

    await registry.publish({ name: 'inner', version: '1.3.0' })
    registry.server.asked.length = 0
    const replayed = await install(recorded.replay, args)
    assert.deepEqual(withoutLicences(replayed.tree), withoutLicences(recorded.tree))
    assert.ok('node_modules/.bin/outer' in replayed.tree)
    assert.deepEqual(registry.server.asked, [])
    assert.deepEqual(replayed.missing, [])
  })

  it('goes on without the packages of other platforms, and does not call them missing', async () => {
    await registry.publish({
      ...{ name: 'native', version: '1.0.0' },
      optionalDependencies: { '@native/this': '1.0.0', '@native/other': '1.0.0' },
    })
    await registry.publish({ name: '@native/this', version: '1.0.0', os: [process.platform], cpu: [process.arch] })
    await registry.publish({ name: '@native/other', version: '1.0.0', os: ['aix'], cpu: ['ppc64'] })
    const recorded = await install(testing.recording, ['install', 'native'])
    assert.deepEqual(named(recorded), ['@native/this@1.0.0', 'native@1.0.0'])

    const replayed = await install(recorded.replay, ['install', 'native'])
    const here = ['node_modules/@native/this/package.json', 'node_modules/native/package.json']
    assert.deepEqual(packages(replayed.tree), ['package.json', ...here].sort())
    assert.equal(replayed.tree['node_modules/.package-lock.json'], recorded.tree['node_modules/.package-lock.json'])
    assert.deepEqual(replayed.missing, [])

    await using proxy = await testing.startTestProxy(directory, recorded.replay, npm)
    const ask = async (agent: string) => {
      const { body } = await testing.get(proxy, `${registry.url}/native`, {
        headers: { ...abbreviated, 'user-agent': agent },
      })
      const { versions } = JSON.parse(body) as { versions: Record<string, { optionalDependencies: object }> }
      return Object.keys(versions['1.0.0']?.optionalDependencies ?? {})
    }
    assert.deepEqual(await ask('pnpm/10.0.0 npm/? node/v24.0.0 linux x64'), ['@native/this', '@native/other'])
    // yarn would fail.
    assert.deepEqual(await ask('yarn/1.22.22 npm/? node/v24.0.0 linux x64'), ['@native/this'])
  })

  it('replays what an install with a lock file of its own has fetched, of which no document was asked for', async () => {
    await registry.publish({ name: 'one', version: '1.0.0', dependencies: { '@s/two': '*' } })
    await registry.publish({ name: '@s/two', version: '1.0.0' })
    const manifest = { name: 'project', version: '1.0.0', dependencies: { one: '^1.0.0' } }
    const first = await install(testing.recording, ['install'], { 'package.json': manifest })
    const lock = JSON.parse(first.tree['package-lock.json'] ?? '') as unknown
    const files = { 'package.json': manifest, 'package-lock.json': lock }
    registry.server.asked.length = 0
    const recorded = await install(testing.recording, ['ci'], files)
    assert.deepEqual(registry.server.asked.sort(), ['/@s/two/-/two-1.0.0.tgz', '/one/-/one-1.0.0.tgz'])
    assert.deepEqual(named(recorded), ['@s/two@1.0.0', 'one@1.0.0'])
    assert.deepEqual((await install(recorded.replay, ['ci'], files)).tree, recorded.tree)
    // Nor does it need the lock file any more.
    const open = await install(recorded.replay, ['install'], { 'package.json': manifest })
    assert.deepEqual(packages(open.tree), packages(recorded.tree))
  })

  it('sees nothing that was published after a date, and says whose date it is', async () => {
    await registry.publish({ name: 'aged', version: '1.0.0' }, { time: '2015-03-01T00:00:00.000Z' })
    await registry.publish({ name: 'aged', version: '2.0.0' }, { time: '2018-03-01T00:00:00.000Z' })
    await registry.publish({ name: 'young', version: '1.0.0' }, { time: '2018-03-01T00:00:00.000Z' })
    const session: Session = { mode: 'record', held: [], asOf: new Date('2016-01-01') }
    const recorded = await install(session, ['install', 'aged'])
    assert.deepEqual(named(recorded), ['aged@1.0.0'])
    assert.deepEqual(recorded.artifacts[0]?.tags, ['latest'])
    assert.match(recorded.notices.join('\n'), /^npm packages are as old as their registry says/)
    assert.match(
      (await install(session, ['install', 'young'])).output,
      /No matching version|ETARGET|ENOVERSIONS|notarget/,
    )
    registry.tellsTimes = false
    await registry.publish({ name: 'timeless', version: '1.0.0' })
    const timeless = await install(session, ['install', 'timeless'])
    assert.deepEqual(named(timeless), ['timeless@1.0.0'])
    assert.match(timeless.notices.join('\n'), /does not say when timeless was published/)
  })

  it('keeps to the versions of an earlier lock', async () => {
    await registry.publish({ name: 'kept', version: '1.0.0' })
    const { artifacts } = await install(testing.recording, ['install', 'kept'])
    await registry.publish({ name: 'kept', version: '1.1.0' })
    const gone = { ...artifacts[0]!, version: '0.9.0' }
    const again = await install({ mode: 'record', held: [...artifacts, gone] }, ['install', 'kept'])
    assert.deepEqual(again.artifacts, artifacts)
    assert.deepEqual(again.notices, ['the registry no longer has kept@0.9.0, which is locked'])
  })

  it('installs commands and scripts as they were, in the first format too', async () => {
    await registry.publish(
      { name: 'tool', version: '1.0.0', directories: { bin: 'bin' }, scripts: { postinstall: 'echo ran > ran' } },
      { files: { 'bin/tool-one': '#!/bin/sh\n' }, announced: { bin: { 'tool-one': 'bin/tool-one' } } },
    )
    const args = ['install', 'tool', '--foreground-scripts', '--before=2100-01-01']
    const recorded = await install(testing.recording, args)
    const replayed = await install(recorded.replay, args)
    assert.deepEqual(replayed.tree, recorded.tree)
    assert.ok('node_modules/.bin/tool-one' in replayed.tree)
  })

  it('names what is missing, also a version of what is there', async () => {
    await registry.publish({ name: 'known', version: '1.0.0' })
    const { replay } = await install(testing.recording, ['install', 'known'])
    const unknown = await install(replay, ['install', 'unknown'])
    assert.deepEqual(unknown.missing, ['unknown'])
    assert.match(unknown.output, /404/)
    await using proxy = await testing.startTestProxy(directory, replay, npm)
    assert.equal((await testing.get(proxy, `${registry.url}/known/2.0.0`, { headers: abbreviated })).status, 404)
    assert.equal((await testing.get(proxy, `${registry.url}/known/-/known-2.0.0.tgz`)).status, 404)
    assert.deepEqual(proxy.proxy.missing, ['known@2.0.0'])
  })

  it('takes a tarball from wherever a document says it is', async () => {
    await registry.publish({ name: 'odd', version: '1.0.0' }, { path: '/download/odd/1.0.0/0a1b' })
    const recorded = await install(testing.recording, ['install', 'odd'])
    assert.equal(recorded.artifacts[0]?.url, `${registry.url}/download/odd/1.0.0/0a1b`)
    assert.deepEqual((await install(recorded.replay, ['install', 'odd'])).tree, recorded.tree)
  })

  it('says which package of a lock is broken', async () => {
    await registry.publish({ name: 'broken', version: '1.0.0' })
    const { replay, artifacts } = await install(testing.recording, ['install', 'broken'])
    await writeFile(join(directory, 'blobs', artifacts[0]?.sha256 ?? ''), 'no archive')
    await using proxy = await testing.startTestProxy(directory, replay, npm)
    const { status, body } = await testing.get(proxy, `${registry.url}/broken`, { headers: abbreviated })
    assert.equal(status, 502)
    assert.match(body, /broken@1\.0\.0 in berth\.lock is no npm package/)
  })
})

/** Every file below a directory, by path; where links lead. */
async function treeOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  const read = async (path: string) => [path.slice(root.length + 1), await readFile(path, 'utf8')] as const
  return Object.fromEntries(await Promise.all(files.sort().map(read)))
}

/** The short format does not tell licences, which npm copies into its lock file; this registry tells them always. */
function withoutLicences(tree: Readonly<Record<string, string>>): Record<string, string> {
  const isLock = (path: string) => path.endsWith('package-lock.json')
  return Object.fromEntries(
    Object.entries(tree).map(([path, text]) => [
      path,
      isLock(path) ? text.replaceAll(/,?\s*"license": "MIT"/g, '') : text,
    ]),
  )
}
