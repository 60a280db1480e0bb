import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { bytesOf, entriesOf, folderWith, temporary } from '../../tests/fixtures/folders.ts'
import type { Problem } from '../model/problem.ts'
import { packFolder } from './pack.ts'
import { nameFrom, openSource, requestBody } from './source.ts'

describe('openSource()', () => {
  const context = { workingDirectory: temporary, environment: {} }

  /** A repository whose tag v1 differs from its branch, and which tries what a hostile one would. */
  function repository(): string {
    const folder = folderWith({
      'app.py': 'one\r\n',
      'x/run.sh': '#!/bin/sh\n',
      '.gitattributes': '* text=auto eol=lf\n*.py filter=evil\n',
    })
    chmodSync(join(folder, 'x/run.sh'), 0o755)
    symlinkSync('app.py', join(folder, 'link'))
    const git = (...args: string[]) =>
      execFileSync(
        'git',
        ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'core.autocrlf=false', '-C', folder, ...args],
        { stdio: 'pipe' },
      )
    git('init', '--quiet', '--initial-branch=main')
    git('add', '--all')
    git('commit', '--quiet', '--message=one')
    git('tag', '--annotate', '--message=one', 'v1.0.0')
    writeFileSync(join(folder, 'app.py'), 'two\n')
    git('commit', '--quiet', '--all', '--message=two')
    git('tag', 'v1.1.0')
    return folder
  }

  it('reads the tree of a tag from its objects', async () => {
    const url = `file://${repository()}`
    const source = await openSource({ folder: undefined, git: url, tag: 'v1.0.0' }, context)
    const names = (await entriesOf(source.tar)).map(({ name, mode }) => `${name} ${mode}`)
    await source.close()
    assert.deepEqual(names, ['.gitattributes 644', 'app.py 644', 'link 777', 'x/ 755', 'x/run.sh 755'])
    assert.match(source.notices.join(), /v1\.0\.0 of file:.* is commit [0-9a-f]{40}/)
  })

  it('packs a repository to the same bytes as its checked-out folder', async () => {
    const folder = repository()
    const fromGit = await openSource({ folder: undefined, git: `file://${folder}`, tag: 'v1.1.0' }, context)
    const fromFolder = await openSource({ folder, git: undefined, tag: undefined }, context)
    const [one, two] = [await bytesOf(fromGit.tar), await bytesOf(fromFolder.tar)]
    await fromGit.close()
    assert.ok(one.equals(two))
  })

  it('takes the tree from where the manifest of the folder says, and sends that manifest', async () => {
    const manifest = `name = "shop"\n[retrieve]\ngit = "file://${repository()}"\ntag = "v1.0.0"\n`
    const source = await openSource(
      { folder: folderWith({ 'berth.toml': manifest }), git: undefined, tag: undefined },
      context,
    )
    assert.equal(source.described.manifest, manifest)
    assert.ok((await entriesOf(source.tar)).some(({ name }) => name === 'app.py'))
    await source.close()
  })

  const refusals = [
    {
      it: 'an unknown tag, naming the nearest',
      git: () => `file://${repository()}`,
      tag: 'v1.0.1',
      code: 'git-tag-unknown',
      says: /v1\.0\.0|v1\.1\.0/,
    },
    { it: 'a branch', git: () => `file://${repository()}`, tag: 'main', code: 'git-tag-unknown', says: /v1\.1\.0/ },
    {
      it: 'a repository without a tag, naming its tags',
      git: () => `file://${repository()}`,
      tag: undefined,
      code: 'git-tag-missing',
      says: /v1\.1\.0/,
    },
    {
      it: 'a repository that is not there',
      git: () => `file://${temporary}/nothing`,
      tag: 'v1',
      code: 'git-unreachable',
      says: /ls-remote/,
    },
    {
      it: 'a transport that runs a program',
      git: () => 'ext::sh -c id',
      tag: 'v1',
      code: 'git-address-unusable',
      says: /https/,
    },
    {
      it: 'an address that is an option',
      git: () => '--upload-pack=touch',
      tag: 'v1',
      code: 'git-address-unusable',
      says: /https/,
    },
  ]
  for (const { it: name, git, tag, code, says } of refusals) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(openSource({ folder: undefined, git: git(), tag }, context), (error: Problem) => {
        assert.equal(error.code, code)
        assert.match(error.text.fix, says)
        return true
      })
    })
  }

  it('never shows the password of an address', async () => {
    const git = 'file://user:hunter2@/nowhere/shop.git'
    await assert.rejects(openSource({ folder: undefined, git, tag: 'v1' }, context), (error: Problem) => {
      assert.doesNotMatch(JSON.stringify(error.text), /hunter2/)
      return true
    })
  })

  it('names the line of a manifest that is not TOML', async () => {
    const folder = folderWith({ 'berth.toml': 'name = "shop"\n[retrieve\ngit = 1\n' })
    await assert.rejects(openSource({ folder, git: undefined, tag: undefined }, context), (error: Problem) => {
      assert.match(error.text.at ?? '', /berth\.toml:2$/)
      return true
    })
  })

  it('refuses an empty folder, a file, and nothing', async () => {
    const folder = folderWith({ a: '' })
    const open = (path: string) => openSource({ folder: path, git: undefined, tag: undefined }, context)
    await assert.rejects(open(folderWith({})), /nothing to deploy/)
    await assert.rejects(open(join(folder, 'a')), /it is a file/)
    await assert.rejects(open(join(folder, 'b')), /There is no folder/)
  })
})

describe('requestBody()', () => {
  it('is the request on one line, then the tree', async () => {
    const request = {
      fallbackName: 'shop',
      manifestPath: 'berth.toml',
      origin: '.',
      set: { A: '1\n2' },
      goal: 'deploy' as const,
      lockPath: 'berth.lock',
      locked: false,
    }
    const body = await bytesOf(requestBody(request, packFolder('/', [])) as AsyncIterable<Buffer>)
    const end = body.indexOf('\n')
    assert.deepEqual(JSON.parse(body.subarray(0, end).toString()), request)
    assert.equal((body.length - end - 1) % 512, 0)
  })
})

describe('nameFrom()', () => {
  const cases = {
    '/srv/Shop': 'shop',
    '/srv/my_shop.v2': 'my-shop-v2',
    '/srv/2048': 'app',
    'git@host:team/shop': 'shop',
    '/x/-shop-': 'shop',
  }
  for (const [path, name] of Object.entries(cases))
    it(`makes ${name} of ${path}`, () => assert.equal(nameFrom(path), name))
})
