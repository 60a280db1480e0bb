import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cgroupDirectories, parseCgroupMounts } from './cgroups.ts'

const hybrid = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
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
})
