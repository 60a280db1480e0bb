import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { extract } from 'tar-stream'
import { Problem } from '../model/problem.ts'
import { listFolder } from './list-folder.ts'
import { packFolder } from './pack.ts'
import { nameFrom, openSource, requestBody } from './source.ts'

const temporary = mkdtempSync(join(tmpdir(), 'berth-source-test-'))
after(() => rmSync(temporary, { recursive: true, force: true }))

/** Makes a folder with these files. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(temporary, 'folder-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

async function bytesOf(tar: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of tar) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function entriesOf(tar: AsyncIterable<Buffer>) {
  const reader = extract()
  Readable.from(tar).pipe(reader)
  const found: { name: string; type: string; mode: string; content: string; link: string | undefined }[] = []
  for await (const entry of reader) {
    const { name, type, mode, linkname, mtime, uid, gid } = entry.header
    assert.deepEqual([mtime.getTime(), uid, gid], [0, 0, 0])
    const content = (await bytesOf(entry as AsyncIterable<Buffer>)).toString()
    found.push({ name, type, mode: mode.toString(8), content, link: type === 'symlink' ? linkname : undefined })
  }
  return found
}

async function namesIn(folder: string): Promise<string[]> {
  const { entries } = await listFolder(folder)
  return entries.filter(({ kind }) => kind !== 'folder').map(({ path }) => path)
}

describe('listFolder()', () => {
  const cases = [
    {
      it: 'leaves out what .gitignore names, in the folders inside too',
      files: {
        '.gitignore': '*.log\n/build/\n',
        'a.log': '',
        'x/b.log': '',
        'build/c': '',
        'x/build/d': '',
        'e.py': '',
      },
      expected: ['.gitignore', 'e.py', 'x/build/d'],
    },
    {
      it: 'lets the .gitignore of a deeper folder decide',
      files: {
        '.gitignore': '*.txt\n',
        'x/.gitignore': '!keep.txt\n',
        'x/keep.txt': '',
        'x/y/keep.txt': '',
        'keep.txt': '',
      },
      expected: ['.gitignore', 'x/.gitignore', 'x/keep.txt', 'x/y/keep.txt'],
    },
    {
      it: 'lets .berthignore override .gitignore',
      files: { '.gitignore': 'dist/\n', '.berthignore': '!dist/\ntests/\n', 'dist/app.js': '', 'tests/t.js': '' },
      expected: ['.berthignore', '.gitignore', 'dist/app.js'],
    },
    {
      it: 'takes back nothing inside an ignored folder, as git does',
      files: { '.gitignore': 'data\n!data/keep\n', 'data/keep': '', a: '' },
      expected: ['.gitignore', 'a'],
    },
    {
      it: 'anchors patterns with a slash at their own folder',
      files: { 'x/.gitignore': '/a\nb/c\n', 'x/a': '', 'x/y/a': '', 'x/b/c': '', 'x/y/b/c': '', a: '' },
      expected: ['a', 'x/.gitignore', 'x/y/a', 'x/y/b/c'],
    },
    {
      it: 'leaves out version control and what an install makes anew',
      files: {
        '.git/config': '',
        'x/.git': '',
        'node_modules/a/b': '',
        'x/node_modules/c': '',
        'venv/d': '',
        '.venv/e': '',
        'x/__pycache__/f': '',
        'g.py': '',
      },
      expected: ['g.py'],
    },
    {
      it: 'sorts by bytes',
      files: { é: '', z: '', Z: '', 'a/b': '', 'a-b': '', a1: '' },
      expected: ['Z', 'a-b', 'a/b', 'a1', 'z', 'é'],
    },
  ]
  for (const { it: name, files, expected } of cases) {
    it(name, async () => assert.deepEqual(await namesIn(folderWith(files)), expected))
  }

  it('skips what is no file, folder or link, and says so', async () => {
    const folder = folderWith({ a: '' })
    execFileSync('mkfifo', [join(folder, 'pipe')])
    assert.deepEqual((await listFolder(folder)).skipped, ['pipe'])
  })

  it('refuses a folder that is too big and names its largest part', async () => {
    const folder = folderWith({ 'data/1': 'x'.repeat(600), 'data/2': 'x'.repeat(600), 'app.py': 'x' })
    await assert.rejects(listFolder(folder, { bytes: 1000, entries: 10 }), (error: Problem) => {
      assert.equal(error.code, 'source-too-big')
      assert.match(error.text.fix, /`data`/)
      return true
    })
    await assert.rejects(listFolder(folder, { bytes: 1e9, entries: 2 }), /more than 200,000 files/)
  })

  it('refuses a name that is not UTF-8', async () => {
    const folder = folderWith({})
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]), '')
    await assert.rejects(listFolder(folder), /its name is not UTF-8/)
  })
})

describe('packFolder()', () => {
  it('keeps content, links and the executable bit, and nothing else', async () => {
    const folder = folderWith({ 'bin/run': '#!/bin/sh\n', 'data.txt': 'data', empty: '' })
    chmodSync(join(folder, 'bin/run'), 0o4750)
    symlinkSync('../data.txt', join(folder, 'bin/link'))
    const { entries } = await listFolder(folder)
    assert.deepEqual(await entriesOf(packFolder(folder, entries)), [
      { name: 'bin/', type: 'directory', mode: '755', content: '', link: undefined },
      { name: 'bin/link', type: 'symlink', mode: '777', content: '', link: '../data.txt' },
      { name: 'bin/run', type: 'file', mode: '755', content: '#!/bin/sh\n', link: undefined },
      { name: 'data.txt', type: 'file', mode: '644', content: 'data', link: undefined },
      { name: 'empty', type: 'file', mode: '644', content: '', link: undefined },
    ])
  })

  it('gives the same bytes for the same tree, made elsewhere at another time', async () => {
    const files = { b: '2', 'a/c': 'x'.repeat(700_000), [`${'long/'.repeat(40)}name`]: 'deep' }
    const [first, second] = [folderWith(files), folderWith(Object.fromEntries(Object.entries(files).reverse()))]
    utimesSync(join(second, 'b'), 1, 1)
    const [one, two] = await Promise.all(
      [first, second].map(async (folder) => bytesOf(packFolder(folder, (await listFolder(folder)).entries))),
    )
    assert.equal(createHash('sha256').update(one!).digest('hex'), createHash('sha256').update(two!).digest('hex'))
  })

  for (const [how, content] of [
    ['grew', 'longer than before'],
    ['shrank', ''],
  ] as const) {
    it(`refuses a file that ${how} since it was listed, for a time`, async () => {
      const folder = folderWith({ 'a.log': 'before' })
      const { entries } = await listFolder(folder)
      writeFileSync(join(folder, 'a.log'), content)
      await assert.rejects(
        bytesOf(packFolder(folder, entries)),
        (error: Problem) => error.code === 'source-changed' && error.exitCode === 75,
      )
    })
  }

  it('refuses a file that was replaced by a link', async () => {
    const folder = folderWith({ a: 'text' })
    const { entries } = await listFolder(folder)
    rmSync(join(folder, 'a'))
    symlinkSync('/etc/passwd', join(folder, 'a'))
    await assert.rejects(bytesOf(packFolder(folder, entries)), /it changed while it was read/)
  })
})

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
