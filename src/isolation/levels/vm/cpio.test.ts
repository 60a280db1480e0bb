import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cpioArchive, type Entry } from './cpio.ts'

/** Reads an archive as the kernel does. */
function read(archive: Buffer): { path: string; mode: number; content: string }[] {
  const found = []
  for (let at = 0; ;) {
    assert.equal(archive.toString('latin1', at, at + 6), '070701')
    const field = (index: number) => parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
    const [mode, size, length] = [field(1), field(6), field(11)]
    const path = archive.toString('latin1', at + 110, at + 110 + length - 1)
    const begin = Math.ceil((at + 110 + length) / 4) * 4
    if (path === 'TRAILER!!!') return found
    found.push({ path, mode, content: archive.toString('latin1', begin, begin + size) })
    at = Math.ceil((begin + size) / 4) * 4
  }
}

describe('cpioArchive()', () => {
  const entry = (path: string, content: string, mode = 0o644): Entry => ({ path, mode, content: Buffer.from(content) })

  it('holds files of any length after the directories that they lie in', () => {
    const archive = cpioArchive([entry('init', '#!', 0o755), entry('lib/berth/a.pl', 'abcde'), entry('lib/empty', '')])
    assert.deepEqual(read(archive), [
      { path: 'lib', mode: 0o040755, content: '' },
      { path: 'lib/berth', mode: 0o040755, content: '' },
      { path: 'init', mode: 0o100755, content: '#!' },
      { path: 'lib/berth/a.pl', mode: 0o100644, content: 'abcde' },
      { path: 'lib/empty', mode: 0o100644, content: '' },
    ])
  })

  it('is the same for the same files', () => {
    const entries = [entry('a/b', 'x'), entry('c', 'y')]
    assert.deepEqual(cpioArchive(entries), cpioArchive(entries))
  })

  it('of nothing is one that can be read', () => {
    assert.deepEqual(read(cpioArchive([])), [])
  })
})
