import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { pack } from 'tar-stream'
import { lstat, mkdtemp, readdir, readFile, rm } from '../../host/files.ts'
import { Problem } from '../../model/problem.ts'
import { limits } from './entry-rules.ts'
import { unpackTree } from './unpack.ts'

type Given = Parameters<ReturnType<typeof pack>['entry']>[0] & { content?: string }

async function archiveOf(entries: readonly Given[]): Promise<Buffer> {
  const archive = pack()
  for (const { content, ...header } of entries) archive.entry(header, content ?? '')
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const outer = await mkdtemp(join(tmpdir(), 'berth-unpack-'))
  try {
    return await work(join(outer, 'tree'))
  } finally {
    await rm(outer, { recursive: true })
  }
}

const unpack = async (bytes: Buffer, folder: string) =>
  unpackTree(Readable.from([bytes]), folder, new AbortController().signal)

describe('unpackTree()', () => {
  it('writes files, folders and links with plain modes', () =>
    inFolder(async (folder) => {
      const bytes = await archiveOf([
        { name: 'bin/run', mode: 0o6777, content: '#!/bin/sh\n' },
        { name: 'lib', type: 'directory' },
        { name: 'lib/a.txt', mode: 0o600, content: 'a' },
        { name: 'lib/b', type: 'symlink', linkname: '../bin/run' },
      ])
      const tree = await unpack(bytes, folder)
      assert.equal(tree.files, 2)
      assert.equal((await lstat(join(folder, 'bin/run'))).mode & 0o7777, 0o755)
      assert.equal((await lstat(join(folder, 'lib/a.txt'))).mode & 0o7777, 0o644)
      assert.equal(await readFile(join(folder, 'lib/b'), 'utf8'), '#!/bin/sh\n')
    }))

  it('gives the same digest whatever the order, times and owners', async () => {
    const a: Given = { name: 'a', content: '1', mtime: new Date(1), uid: 5 }
    const b: Given = { name: 'b', content: '2', mtime: new Date(9e9) }
    const one = await inFolder(async (folder) => unpack(await archiveOf([a, b]), folder))
    const two = await inFolder(async (folder) => unpack(await archiveOf([b, { ...a, uid: 0 }]), folder))
    const other = await inFolder(async (folder) => unpack(await archiveOf([{ ...a, mode: 0o755 }, b]), folder))
    assert.equal(one.digest, two.digest)
    assert.notEqual(one.digest, other.digest)
  })

  const hostile: { it: string; entries: Given[]; why: RegExp }[] = [
    { it: 'an absolute path', entries: [{ name: '/etc/cron.d/x', content: 'x' }], why: /absolute/ },
    { it: 'a path with ..', entries: [{ name: 'a/../../x', content: 'x' }], why: /`\.\.`/ },
    { it: 'a link to an absolute path', entries: [{ name: 'x', type: 'symlink', linkname: '/etc' }], why: /absolute/ },
    { it: 'a link that leads out', entries: [{ name: 'a/x', type: 'symlink', linkname: '../../y' }], why: /leads out/ },
    {
      it: 'a link that leads out and back',
      entries: [{ name: 'x', type: 'symlink', linkname: '../tree/y' }],
      why: /leads out/,
    },
    {
      it: 'a file below a link',
      entries: [
        { name: 'a', type: 'symlink', linkname: 'b' },
        { name: 'a/x', content: 'x' },
      ],
      why: /through a symbolic link/,
    },
    {
      it: 'a file in place of a link',
      entries: [
        { name: 'a', type: 'symlink', linkname: 'b' },
        { name: './a', content: 'x' },
      ],
      why: /twice/,
    },
    { it: 'a device', entries: [{ name: 'sda', type: 'block-device', devmajor: 8, devminor: 0 }], why: /block-device/ },
    { it: 'a FIFO', entries: [{ name: 'berth.toml', type: 'fifo' }], why: /fifo/ },
    { it: 'a hard link', entries: [{ name: 'x', type: 'link', linkname: '../../etc/shadow' }], why: /is a link/ },
  ]
  for (const { it: name, entries, why } of hostile) {
    it(`refuses ${name}`, () =>
      inFolder(async (folder) => {
        await assert.rejects(unpack(await archiveOf(entries), folder), (error) => {
          assert.ok(error instanceof Problem)
          assert.equal(error.code, 'archive-hostile')
          assert.match(error.message, why)
          return true
        })
        const outside = await readdir(join(folder, '..'))
        assert.ok(outside.every((entry) => entry === 'tree'))
      }))
  }

  it('refuses a bomb by what its headers promise', () =>
    inFolder(async (folder) => {
      const bytes = await archiveOf([{ name: 'small', content: 'x' }])
      bytes.write((limits.bytes + 1).toString(8).padStart(11, '0'), 124) // the size field
      let sum = 8 * 32
      for (const [index, byte] of bytes.subarray(0, 512).entries()) if (index < 148 || index > 155) sum += byte
      bytes.write(sum.toString(8).padStart(6, '0') + '\0 ', 148)
      await assert.rejects(
        unpack(bytes, folder),
        (error) => error instanceof Problem && error.code === 'archive-too-large',
      )
    }))

  for (const length of [700, 100]) {
    it(`refuses an archive cut off after ${length} bytes, as temporary`, () =>
      inFolder(async (folder) => {
        const bytes = await archiveOf([{ name: 'a', content: 'x'.repeat(2000) }])
        await assert.rejects(unpack(bytes.subarray(0, length), folder), (error) => {
          assert.ok(error instanceof Problem)
          assert.equal(error.code, 'archive-damaged')
          assert.equal(error.exitCode, 75)
          return true
        })
      }))
  }

  it('refuses what is no archive at all', () =>
    inFolder(async (folder) => {
      await assert.rejects(
        unpack(Buffer.alloc(2048, 'rubbish'), folder),
        (error) => error instanceof Problem && error.code === 'archive-damaged',
      )
    }))
})
