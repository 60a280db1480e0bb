import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { canBoundIo, cgroupDirectories, joinableDirectories, parseCgroupMounts } from './cgroups.ts'

const hybrid = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`

const debianMounts = `sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
/dev/vda / ext4 rw,relatime 0 0
tmpfs /run/lock tmpfs rw,nosuid,nodev,noexec,relatime,size=5120k,inode64 0 0
cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0
pstore /sys/fs/pstore pstore rw,nosuid,nodev,noexec,relatime 0 0
bpf /sys/fs/bpf bpf rw,nosuid,nodev,noexec,relatime,mode=700 0 0
berth /run/berth tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k,mode=755,inode64 0 0
`

describe('parseCgroupMounts()', () => {
  it('sees version 1 on a hybrid host, with each tree once', () => {
    const facts = parseCgroupMounts(hybrid, '')
    assert.equal(facts.version, 1)
    assert.deepEqual([...facts.controllers].sort(), ['cpu', 'cpuacct', 'memory', 'name=systemd'])
    assert.deepEqual(cgroupDirectories(facts, '/berth/x').sort(), [
      '/sys/fs/cgroup/cpu,cpuacct/berth/x',
      '/sys/fs/cgroup/memory/berth/x',
      '/sys/fs/cgroup/systemd/berth/x',
      '/sys/fs/cgroup/unified/berth/x',
    ])
  })

  it('sees version 2 with the controllers that it has', () => {
    const facts = parseCgroupMounts('cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n', 'cpu io memory pids\n')
    assert.equal(facts.version, 2)
    assert.deepEqual([...facts.controllers], ['cpu', 'io', 'memory', 'pids'])
    assert.deepEqual(cgroupDirectories(facts, '/berth/x'), ['/sys/fs/cgroup/berth/x'])
  })

  it('sees version 2 among the other mounts of a Debian host, as recorded from one', () => {
    const facts = parseCgroupMounts(debianMounts, 'cpuset cpu io memory hugetlb pids rdma misc\n')
    assert.equal(facts.version, 2)
    assert.deepEqual(cgroupDirectories(facts, '/berth'), ['/sys/fs/cgroup/berth'])
  })
})

describe('joinableDirectories()', () => {
  it('leaves out where a new group of cpuset is', () => {
    const mounts = `${hybrid}cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n`
    const facts = parseCgroupMounts(mounts, '')
    const all = cgroupDirectories(facts, '/berth/x')
    assert.ok(all.includes('/sys/fs/cgroup/cpuset/berth/x'))
    const others = all.filter((directory) => !directory.includes('cpuset'))
    assert.deepEqual(joinableDirectories(facts, '/berth/x'), others)
  })
})

describe('canBoundIo()', () => {
  const cases = [
    { it: 'asks for blkio with version 1', mounts: 'cgroup /sys/fs/cgroup/blkio cgroup rw,blkio 0 0\n', is: true },
    { it: 'asks for io with version 2', mounts: debianMounts, controllers: 'cpu io memory\n', is: true },
    { it: 'is false where neither is', mounts: hybrid, is: false },
  ]
  for (const { it: claim, mounts, controllers = '', is } of cases)
    it(claim, () => assert.equal(canBoundIo(parseCgroupMounts(mounts, controllers)), is))
})
