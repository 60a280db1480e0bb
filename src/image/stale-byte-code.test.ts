import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { sipHash } from './siphash.ts'
import { checkByteCode, type ByteCodeReport } from './stale-byte-code.ts'
import { readTree } from './tree-entries.ts'

const run = promisify(execFile)

describe('checkByteCode()', () => {
  let tree: string
  beforeEach(async () => {
    tree = await mkdtemp(join(tmpdir(), 'berth-stale-'))
    await writeFile(join(tree, 'module.py'), 'print("one")\n')
    await utimes(join(tree, 'module.py'), 1_500_000_000, 1_500_000_000)
  })
  afterEach(() => rm(tree, { recursive: true }))

  async function compile(mode: string): Promise<void> {
    const env = { PATH: process.env['PATH'] }
    await run('python3', ['-m', 'compileall', '-q', '--invalidation-mode', mode, tree], { env })
  }

  async function check(): Promise<ByteCodeReport> {
    return checkByteCode(await readTree(tree), (path) => readFile(join(tree, path)))
  }

  for (const mode of ['timestamp', 'checked-hash', 'unchecked-hash']) {
    it(`takes byte-code of Python for valid (${mode})`, async () => {
      await compile(mode)
      assert.deepEqual(await check(), { files: 1, stale: [] })
    })
  }

  it('finds a source that has another time', async () => {
    await compile('timestamp')
    await utimes(join(tree, 'module.py'), 1, 1)
    assert.match((await check()).stale[0]?.reason ?? '', /of 2017-07-14T02:40:00Z, which is of 1970-01-01T00:00:01Z/)
  })

  it('finds a source that has another size at the same time', async () => {
    await compile('timestamp')
    await writeFile(join(tree, 'module.py'), 'print("three")\n')
    await utimes(join(tree, 'module.py'), 1_500_000_000, 1_500_000_000)
    assert.match((await check()).stale[0]?.reason ?? '', /of 13 bytes, which has 15/)
  })

  for (const mode of ['checked-hash', 'unchecked-hash']) {
    it(`finds another source behind a hash, which Python may never look at (${mode})`, async () => {
      await compile(mode)
      await writeFile(join(tree, 'module.py'), 'print("two")\n')
      assert.deepEqual(
        (await check()).stale.map(({ reason }) => reason),
        ['compiled from another source than the one beside it'],
      )
    })
  }

  it('goes by the time alone in byte-code of Python 2', async () => {
    const code = Buffer.alloc(30)
    code.writeUInt16LE(62_211, 0)
    code.writeUInt16LE(0x0a0d, 2)
    code.writeUInt32LE(1_500_000_000, 4)
    await writeFile(join(tree, 'module.pyc'), code)
    assert.deepEqual(await check(), { files: 1, stale: [] })
    code.writeUInt32LE(1_500_000_001, 4)
    await writeFile(join(tree, 'module.pyc'), code)
    assert.equal((await check()).stale.length, 1)
  })

  it('finds what is no byte-code at all', async () => {
    await writeFile(join(tree, 'module.pyc'), 'cut off')
    assert.match((await check()).stale[0]?.reason ?? '', /header/)
  })

  it('leaves alone what has no source', async () => {
    await compile('timestamp')
    await rm(join(tree, 'module.py'))
    assert.deepEqual(await check(), { files: 1, stale: [] })
  })
})

describe('sipHash()', () => {
  it('gives the value of its authors for the bytes 0 to 14 (appendix A)', () => {
    const key = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c] as const
    assert.equal(
      sipHash(Buffer.from([...Array(15).keys()]), key, 2)
        .reverse()
        .toString('hex'),
      'a129ca6149be45e5',
    )
  })
})
