import assert from 'node:assert/strict'
import {
  chmod,
  link,
  lutimes,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { HashingFile } from '../host/hashing-file.ts'
import { listTree } from '../host/tree.ts'
import { compareEntries, type LayerEntries } from './layer-entry.ts'
import { readLayer } from './layer-read.ts'
import { writeLayerTar } from './layer-tar.ts'
import { encodeHeader, endOfArchive } from './tar.ts'
import { readTree } from './tree-entries.ts'

const longName = `${'long-'.repeat(30)}ü.txt`

describe('readLayer()', () => {
  let folder: string
  let tree: string
  let archive: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-layer-'))
  })
  after(() => rm(folder, { recursive: true }))

  beforeEach(async () => {
    await rm(folder, { recursive: true })
    tree = join(folder, 'tree')
    archive = join(folder, 'layer.tar')
    await mkdir(join(tree, 'bin'), { recursive: true })
    await writeFile(join(tree, 'bin/one'), 'content of one\n')
    await writeFile(join(tree, 'bin/empty'), '')
    await writeFile(join(tree, 'bin', longName), Buffer.alloc(700_000, 7))
    await writeFile(join(tree, 'bin/m.pyc'), Buffer.alloc(40, 3))
    await link(join(tree, 'bin/one'), join(tree, 'bin/two'))
    await symlink('one', join(tree, 'bin/link'))
    for (const { path } of await listTree(tree)) await lutimes(join(tree, path), 1_500_000_000, 1_500_000_000)
  })

  async function pack(): Promise<string> {
    const output = await HashingFile.create(archive)
    await writeLayerTar(tree, await listTree(tree), output)
    return `sha256:${await output.finish()}`
  }

  async function entriesOf(path: string): Promise<LayerEntries> {
    const { entries } = await readLayer(path)
    assert.ok(entries)
    return entries
  }

  it('reads what was written: the digest of all of it, and each entry as the tree has it', async () => {
    const digest = await pack()
    const read = await readLayer(archive)
    assert.equal(read.digest, digest)
    assert.ok(read.entries)
    assert.deepEqual([...read.entries], [...(await readTree(tree))])
    assert.equal(read.entries.get('bin/two')?.linkTarget, 'bin/one')
    assert.equal(read.entries.get(`bin/${longName}`)?.size, 700_000)
    assert.equal(read.entries.get('bin/m.pyc')?.head?.length, 16)
  })

  const changes: { it: string; change: () => Promise<unknown>; path: string; aspects: string[]; detail: RegExp }[] = [
    {
      it: 'other content of the same size and time',
      change: async () => {
        await writeFile(join(tree, 'bin/empty'), '')
        await writeFile(join(tree, `bin/${longName}`), Buffer.alloc(700_000, 8))
        await lutimes(join(tree, `bin/${longName}`), 1_500_000_000, 1_500_000_000)
        await lutimes(join(tree, 'bin/empty'), 1_500_000_000, 1_500_000_000)
      },
      path: `bin/${longName}`,
      aspects: ['content'],
      detail: /^other content$/,
    },
    {
      it: 'another mode',
      change: () => chmod(join(tree, 'bin/m.pyc'), 0o4755),
      path: 'bin/m.pyc',
      aspects: ['mode'],
      detail: /^mode 644 became 4755$/,
    },
    {
      it: 'another target of a link',
      change: async () => {
        await rm(join(tree, 'bin/link'))
        await symlink('two', join(tree, 'bin/link'))
        await lutimes(join(tree, 'bin/link'), 1_500_000_000, 1_500_000_000)
      },
      path: 'bin/link',
      aspects: ['link'],
      detail: /one became two/,
    },
    {
      it: 'a file in the place of a link',
      change: async () => {
        await rm(join(tree, 'bin/link'))
        await writeFile(join(tree, 'bin/link'), 'x')
      },
      path: 'bin/link',
      aspects: ['type'],
      detail: /symbolic link became a file/,
    },
    {
      it: 'another time',
      change: () => lutimes(join(tree, 'bin/empty'), 1, 1),
      path: 'bin/empty',
      aspects: ['time'],
      detail: /became 1970-01-01T00:00:01Z/,
    },
  ]
  for (const { it: name, change, path, aspects, detail } of changes) {
    it(`is told apart from a tree with ${name}`, async () => {
      await chmod(join(tree, 'bin/m.pyc'), 0o644)
      await pack()
      await change()
      const [first, ...others] = compareEntries(await entriesOf(archive), await readTree(tree))
      assert.deepEqual(others, [])
      assert.ok(first)
      assert.deepEqual([first.path, first.change, first.aspects], [path, 'changed', aspects])
      assert.match(first.detail, detail)
    })
  }

  it('is told apart from a tree with a file more and a file less, which says nothing of the directory', async () => {
    await pack()
    await writeFile(join(tree, 'bin/more'), '')
    await rm(join(tree, 'bin/empty'))
    const found = compareEntries(await entriesOf(archive), await readTree(tree))
    assert.deepEqual(
      found.map(({ path, change }) => [path, change]),
      [
        ['bin/empty', 'removed'],
        ['bin/more', 'added'],
      ],
    )
  })

  const damage: { it: string; spoil: () => Promise<unknown> }[] = [
    { it: 'cut off', spoil: () => truncate(archive, 5000) },
    { it: 'empty', spoil: () => truncate(archive, 0) },
    { it: 'no archive', spoil: () => writeFile(archive, 'x'.repeat(2000)) },
    {
      it: 'changed in a header',
      spoil: async () => {
        const handle = await open(archive, 'r+')
        await handle.write(Buffer.from('X'), 0, 1, 0)
        await handle.close()
      },
    },
  ]
  for (const { it: name, spoil } of damage) {
    it(`has no entries to trust in an archive that is ${name}, and another digest`, async () => {
      const digest = await pack()
      await spoil()
      const read = await readLayer(archive)
      assert.equal(read.entries, undefined)
      assert.notEqual(read.digest, digest)
    })
  }

  it('refuses an archive that has a path twice, of which one would go unseen', async () => {
    const header = { path: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0 } as const
    await writeFile(archive, Buffer.concat([encodeHeader(header), encodeHeader(header), endOfArchive]))
    assert.equal((await readLayer(archive)).entries, undefined)
    assert.ok((await readFile(archive)).length > 0)
  })
})
