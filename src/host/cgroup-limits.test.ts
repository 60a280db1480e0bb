import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { controllersFor, limitSettings, makeLimitedGroup } from './cgroup-limits.ts'
import { type CgroupFacts, parseCgroupMounts } from './cgroups.ts'

const [memoryBytes, group] = [128 * 1024 ** 2, '/berth/sandbox-taslug-7']
const limits = { memoryBytes, cpus: 0.5, pids: 64, countsSwap: true }

const hybrid = parseCgroupMounts(
  `cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
cgroup /sys/fs/cgroup/blkio cgroup rw,blkio 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`,
  '',
)
const unified = parseCgroupMounts('cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n', 'cpuset cpu io memory pids\n')

function written(facts: CgroupFacts, over: Partial<typeof limits> = {}): string[] {
  return limitSettings(facts, group, { ...limits, ...over }).map(({ file, value }) => `${value} > ${file}`)
}

describe('limitSettings()', () => {
  it('holds memory with swap, processes and processor time in the trees of version 1', () => {
    assert.deepEqual(written(hybrid), [
      `134217728 > /sys/fs/cgroup/memory${group}/memory.limit_in_bytes`,
      `134217728 > /sys/fs/cgroup/memory${group}/memory.memsw.limit_in_bytes`,
      `64 > /sys/fs/cgroup/pids${group}/pids.max`,
      `100000 > /sys/fs/cgroup/cpu,cpuacct${group}/cpu.cfs_period_us`,
      `50000 > /sys/fs/cgroup/cpu,cpuacct${group}/cpu.cfs_quota_us`,
    ])
  })

  it('holds the same in the one tree of version 2, where the whole group ends for want of memory', () => {
    assert.deepEqual(written(unified), [
      `134217728 > /sys/fs/cgroup${group}/memory.max`,
      `0 > /sys/fs/cgroup${group}/memory.swap.max`,
      `1 > /sys/fs/cgroup${group}/memory.oom.group`,
      `64 > /sys/fs/cgroup${group}/pids.max`,
      `50000 100000 > /sys/fs/cgroup${group}/cpu.max`,
    ])
  })

  for (const facts of [hybrid, unified])
    it(`leaves swap alone where version ${facts.version} does not count it`, () => {
      assert.deepEqual(
        written(facts, { countsSwap: false }).filter((line) => /swap|memsw/.test(line)),
        [],
      )
    })

  it('bounds what is read and written of each device, where the kernel can', () => {
    const io = { devices: ['7:0', '7:1'], bytesPerSecond: 1000 }
    const last = (facts: CgroupFacts) => limitSettings(facts, group, { ...limits, io }).map(({ value }) => value)
    assert.deepEqual(last(unified).slice(-2), ['7:0 rbps=1000 wbps=1000', '7:1 rbps=1000 wbps=1000'])
    assert.deepEqual(last(hybrid).slice(-4), ['7:0 1000', '7:0 1000', '7:1 1000', '7:1 1000'])
    const without = parseCgroupMounts('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', 'cpu memory pids\n')
    assert.equal(last(without).at(-1), '50000 100000')
  })

  it('asks for no less processor time than the kernel takes', () => {
    assert.ok(written(unified, { cpus: 0.001 }).includes(`1000 100000 > /sys/fs/cgroup${group}/cpu.max`))
  })
})

describe('controllersFor()', () => {
  it('hands them down from the root to the parent with version 2', () => {
    assert.deepEqual(controllersFor(unified, group), [
      { file: '/sys/fs/cgroup/cgroup.subtree_control', value: '+cpu +memory +pids +io' },
      { file: '/sys/fs/cgroup/berth/cgroup.subtree_control', value: '+cpu +memory +pids +io' },
    ])
  })

  it('has nothing to do with version 1', () => {
    assert.deepEqual(controllersFor(hybrid, group), [])
  })
})

describe('makeLimitedGroup()', () => {
  it('makes the group, and hands controllers down before it sets limits', async () => {
    const root = await mkdtemp(join(tmpdir(), 'cgroup-limits-'))
    try {
      await makeLimitedGroup({ version: 2, root, controllers: new Set(['cpu', 'memory', 'pids']) }, group, limits)
      assert.equal(await readFile(join(root, 'berth/cgroup.subtree_control'), 'utf8'), '+cpu +memory +pids')
      assert.equal(await readFile(join(root, group, 'memory.max'), 'utf8'), '134217728')
    } finally {
      await rm(root, { recursive: true })
    }
  })

  it('names the file that cannot be written', async () => {
    const root = await mkdtemp(join(tmpdir(), 'cgroup-limits-'))
    try {
      const roots = new Map([['memory', join(root, 'memory')]])
      await assert.rejects(
        makeLimitedGroup({ version: 1, roots, controllers: new Set(['memory']) }, group, limits),
        /ENOENT.*pids\.max/,
      )
    } finally {
      await rm(root, { recursive: true })
    }
  })
})
