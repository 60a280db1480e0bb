import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { directoriesOf, groupsOfProcess } from './cgroup-membership.ts'
import { type CgroupFacts, parseCgroupMounts } from './cgroups.ts'

describe('directoriesOf()', () => {
  it('finds each tree of version 1 and the additional one, as recorded from a hybrid host', () => {
    const facts = parseCgroupMounts(
      `cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`,
      '',
    )
    const text = '9:name=systemd:/a/payload\n8:pids:/\n4:memory:/a\n1:cpu,cpuacct:/a\n0::/a/payload\n'
    assert.deepEqual(directoriesOf(facts, text), [
      '/sys/fs/cgroup/systemd/a/payload',
      '/sys/fs/cgroup/memory/a',
      '/sys/fs/cgroup/cpu,cpuacct/a',
      '/sys/fs/cgroup/unified/a/payload',
    ])
  })

  const unified: CgroupFacts = { version: 2, root: '/sys/fs/cgroup', controllers: new Set(['memory']) }
  const cases = [
    {
      it: 'finds the one group of version 2',
      text: '0::/berth/sandbox-a\n',
      found: ['/sys/fs/cgroup/berth/sandbox-a'],
    },
    { it: 'finds nothing in an empty file', text: '', found: [] },
    { it: 'passes over what is no such line', text: 'x\n:::\n', found: [] },
  ]
  for (const { it: title, text, found } of cases) it(title, () => assert.deepEqual(directoriesOf(unified, text), found))
})

describe('groupsOfProcess()', () => {
  it('finds nothing for a process that there is not', async () => {
    const facts: CgroupFacts = { version: 2, root: '/sys/fs/cgroup', controllers: new Set() }
    assert.deepEqual(await groupsOfProcess(facts, 2 ** 30), [])
  })
})
