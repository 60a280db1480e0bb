import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { broughtBy } from './brought.ts'
import { locate } from './composite.ts'
import { interpreterIn, whatLacks } from './interpreters.ts'

/** Files by their paths; a text that begins with `->` is a link. */
type Tree = Readonly<Record<string, string>>

const environment = (python: string, version = '3.11.2'): Tree => ({
  'app/venv/pyvenv.cfg': `home = /usr/bin\nversion = ${version}\n`,
  'app/venv/bin/python': '-> python3',
  'app/venv/bin/python3': `-> ${python}`,
  'app/venv/bin/serve': '#!/app/venv/bin/python\n',
})
const hostOf311: Tree = {
  'usr/bin/python3': '-> python3.11',
  'usr/bin/python3.11': 'a program',
  bin: '-> usr/bin',
  'usr/bin/sh': 'a shell',
}

describe('whatLacks()', () => {
  let place: string
  before(async () => void (place = await mkdtemp(join(tmpdir(), 'interpreters-'))))
  after(() => rm(place, { recursive: true }))

  async function make(tree: Tree): Promise<string> {
    const root = await mkdtemp(join(place, 'tree-'))
    for (const [path, text] of Object.entries(tree)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      if (text.startsWith('-> ')) await symlink(text.slice(3), join(root, path))
      else await writeFile(join(root, path), text, { mode: 0o755 })
    }
    return root
  }

  async function lack(image: Tree, host: Tree, argv = ['serve'], workdir = '/app') {
    const layers = [await make(image)]
    const composite = { brought: await broughtBy(layers), layers, host: await make(host) }
    return whatLacks(composite, { argv, workdir, path: '/app/venv/bin:/usr/local/bin:/usr/bin:/bin' })
  }

  const cases: { it: string; image: Tree; host?: Tree; argv?: string[]; workdir?: string; lack?: RegExp }[] = [
    { it: 'is content with the Python that the environment was made for', image: environment('/usr/bin/python3.11') },
    { it: 'is content with a link to that', image: environment('/usr/bin/python3') },
    {
      it: 'tells of a Python that is not there',
      image: environment('/usr/bin/python3.13', '3.13.5'),
      lack: /\/app\/venv is made for Python 3\.13, and this host has no \/usr\/bin\/python3\.13: apt-get install python3\.13 .*`chroot`/,
    },
    {
      it: 'tells of another version behind the same name',
      image: environment('/usr/bin/python3', '3.9.2'),
      lack: /made for Python 3\.9, and this host's is 3\.11/,
    },
    {
      it: 'understands an environment without a version',
      image: { ...environment('/usr/bin/python9'), 'app/venv/pyvenv.cfg': 'hostile' },
      lack: /\(of an unknown version\), and this host has no \/usr\/bin\/python9/,
    },
    {
      it: 'takes a program that the image brings in /usr/local',
      image: { 'app/x': '', 'usr/local/bin/node': 'a program' },
      argv: ['node', 'x'],
    },
    { it: 'takes a program of the host by its path', image: { 'app/x': '' }, argv: ['/bin/sh', '-c', 'x'] },
    {
      it: 'does not take one of the image from the system',
      image: { 'app/x': '', 'usr/bin/tool': '' },
      argv: ['tool'],
      lack: /`tool` is neither/,
    },
    { it: 'tells of an empty command', image: { 'app/x': '' }, argv: [], lack: /`` is neither/ },
    {
      it: "tells of a script's interpreter",
      image: { 'app/run': '#! /usr/bin/perl6 -w\n' },
      argv: ['/app/run'],
      lack: /\/app\/run needs \/usr\/bin\/perl6, and this host has no \/usr\/bin\/perl6/,
    },
    {
      it: 'tells of links that lead in a circle',
      image: { 'app/a': '-> b', 'app/b': '-> a' },
      argv: ['/app/a'],
      lack: /`\/app\/a` is neither/,
    },
    {
      it: 'refuses an image that works in a directory of the system',
      image: { 'var/www/x': '' },
      argv: ['sh'],
      workdir: '/var/www',
      lack: /working directory \/var\/www is among Debian's own/,
    },
  ]
  for (const { it: name, image, host = hostOf311, argv, workdir, lack: expected } of cases)
    it(name, async () => {
      const found = await lack(image, host, argv, workdir)
      if (expected) assert.match(found ?? '', expected)
      else assert.equal(found, undefined)
    })

  it('follows no link out of the image to what is beside it', async () => {
    const layers = [await make({ 'app/out': '-> ../../../../../../etc/passwd' })]
    const host = await make({ 'etc/passwd': 'of that host' })
    const found = await locate({ brought: ['app'], layers, host }, '/app/out')
    assert.ok(!('missing' in found) && found.onHost === join(host, 'etc/passwd'))
  })
})

describe('broughtBy()', () => {
  it("names what is not Debian's, and of what Debian leaves to others only what holds a file", async () => {
    const place = await mkdtemp(join(tmpdir(), 'brought-'))
    try {
      for (const path of ['app', 'usr/bin', 'usr/local/bin', 'opt/tool', 'srv/empty', 'lib64', 'entry'])
        await mkdir(join(place, path), { recursive: true })
      await writeFile(join(place, 'opt/tool/x'), '')
      assert.deepEqual(await broughtBy([place, join(place, 'nowhere')]), ['app', 'entry', 'opt'])
    } finally {
      await rm(place, { recursive: true })
    }
  })
})

describe('interpreterIn()', () => {
  /** An ELF file of one program header, which names an interpreter. */
  function elf(name: string, over: { count?: number; offset?: number } = {}): Buffer {
    const file = Buffer.alloc(256)
    file.writeUInt32BE(0x7f454c46, 0)
    file.set([2, 1, 1], 4)
    file.writeBigUInt64LE(64n, 32)
    file.writeUInt16LE(56, 54)
    file.writeUInt16LE(over.count ?? 1, 56)
    file.writeUInt32LE(3, 64)
    file.writeBigUInt64LE(BigInt(over.offset ?? 128), 72)
    file.writeBigUInt64LE(BigInt(name.length + 1), 96)
    file.write(name, 128)
    return file
  }
  const cases = [
    { it: "reads a program's loader", start: elf('/lib/ld-musl-x86_64.so.1'), is: '/lib/ld-musl-x86_64.so.1' },
    { it: 'finds none in a static program', start: elf('', { count: 0 }), is: undefined },
    { it: 'finds none that lies beyond what was read', start: elf('/x', { offset: 100_000 }), is: undefined },
    { it: 'finds none in a file that is cut off', start: elf('/x').subarray(0, 70), is: undefined },
    { it: 'finds none in other files', start: Buffer.from('x'.repeat(100)), is: undefined },
    { it: 'finds none in an empty one', start: Buffer.alloc(0), is: undefined },
    { it: "reads a script's", start: Buffer.from('#!/usr/bin/env python\n'), is: '/usr/bin/env' },
    { it: 'reads none of an empty first line', start: Buffer.from('#!\n/bin/sh'), is: undefined },
  ]
  for (const { it: name, start, is } of cases) it(name, () => assert.equal(interpreterIn(start), is))
})
