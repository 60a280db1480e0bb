import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { lstat, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { sourceOf, timeOffset } from './byte-code.ts'
import { normaliseTree } from './normalise.ts'

const run = promisify(execFile)

function header(magic: number, ...words: number[]): Buffer {
  const buffer = Buffer.alloc(16)
  buffer.writeUInt16LE(magic, 0)
  buffer.writeUInt16LE(0x0a0d, 2)
  words.forEach((word, index) => buffer.writeUInt32LE(word, 4 + 4 * index))
  return buffer
}

describe('timeOffset()', () => {
  const cases = [
    { it: 'Python 2.7 has the time first', header: header(62_211, 1000), offset: 4 },
    { it: 'Python 3.6 has it there, too', header: header(3379, 1000, 20), offset: 4 },
    { it: 'Python 3.11 has it behind the flags', header: header(3495, 0, 1000, 20), offset: 8 },
    { it: 'byte-code that goes by a hash has none', header: header(3495, 1, 1000, 20), offset: undefined },
    { it: 'a file of another kind has none', header: Buffer.from('#!/usr/bin/python'), offset: undefined },
    { it: 'a file that was cut off has none', header: Buffer.alloc(3), offset: undefined },
  ]
  for (const { it: name, header: bytes, offset } of cases) it(name, () => assert.equal(timeOffset(bytes), offset))
})

describe('sourceOf()', () => {
  it('is beside byte-code of Python 2', () => assert.equal(sourceOf('a/b.pyc'), 'a/b.py'))
  it('is above __pycache__', () => assert.equal(sourceOf('a/__pycache__/b.cpython-311.pyc'), 'a/b.py'))
  it('is found for optimised byte-code', () =>
    assert.equal(sourceOf('a/__pycache__/b.cpython-311.opt-2.pyc'), 'a/b.py'))
})

describe('normaliseTree()', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-byte-code-'))
  })
  after(() => rm(root, { recursive: true }))

  const epoch = 1_600_000_000

  async function compiled(name: string): Promise<{ cache: string; sourceTime: () => Promise<number> }> {
    const directory = join(root, name)
    await mkdir(directory)
    await writeFile(join(directory, 'm.py'), 'print("loaded")\n')
    const environment = { ...process.env, SOURCE_DATE_EPOCH: '' }
    await run('python3', ['-m', 'compileall', '-q', '--invalidation-mode', 'timestamp', directory], {
      env: environment,
    })
    const names = await run('find', [directory, '-name', '*.pyc'])
    const sourceTime = async () => Math.floor((await lstat(join(directory, 'm.py'))).mtimeMs / 1000)
    return { cache: names.stdout.trim(), sourceTime }
  }

  it('keeps byte-code valid when the time of its source changes', async () => {
    const { cache, sourceTime } = await compiled('valid')
    await normaliseTree(join(root, 'valid'), { epoch, times: 'clamp', takeOwnership: false })
    assert.equal(await sourceTime(), epoch)
    assert.equal((await readFile(cache)).readUInt32LE(8), epoch)
    // Python itself is the judge: it says whether it takes the byte-code or compiles again.
    const { stderr } = await run('python3', ['-v', '-B', '-c', 'import m'], { cwd: join(root, 'valid') })
    assert.match(stderr, /matches .*m\.py/)
  })

  it('leaves byte-code stale that was stale before', async () => {
    const { cache } = await compiled('stale')
    await utimes(join(root, 'stale/m.py'), 1_500_000_000, 1_500_000_000)
    const before = await readFile(cache)
    await normaliseTree(join(root, 'stale'), { epoch, times: 'clamp', takeOwnership: false })
    assert.deepEqual(await readFile(cache), before)
  })
})
