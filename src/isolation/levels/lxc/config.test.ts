import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CgroupFacts, parseCgroupMounts } from '../../../host/cgroups.ts'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import { seccompProfile } from '../container/seccomp.ts'
import { lxcConfig } from './config.ts'
import { lxcFilter } from './seccomp.ts'

const spec: SandboxSpec = {
  id: 'shop-1',
  level: 'lxc',
  hostname: 'shop',
  layers: [],
  argv: ['serve'],
  workdir: '/',
  env: {},
  idBase: 1_265_536,
  volumes: [],
  limits: { memoryBytes: 268_435_456, cpus: 0.5, pids: 100, tmpBytes: 33_554_432, ioBytesPerSecond: 1_000_000 },
  port: 8000,
  logFile: '/logs/shop-1.log',
}

function config(cgroups: CgroupFacts, givesUserNamespaces = true): string[] {
  return lxcConfig(spec, {
    cgroups,
    limits: {
      ...spec.limits,
      io: { devices: ['7:0'], bytesPerSecond: 1_000_000 },
      countsSwap: true,
    },
    givesUserNamespaces,
    hardLimits: { RLIMIT_NOFILE: 1024 },
    root: '/run/berth/sandboxes/shop-1/rootfs',
    user: 10_001,
    group: '/berth/sandbox-shop-1',
    monitorGroup: '/berth/lxc-shop-1',
    filterFile: '/run/berth/sandboxes/shop-1/lxc/filter',
    endScript: '/run/berth/sandboxes/shop-1/lxc/end',
    hasTerminal: false,
  }).split('\n')
}

const version1 = parseCgroupMounts(
  'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/blkio cgroup rw,blkio 0 0\n',
  '',
)
const version2 = parseCgroupMounts('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', 'cpu memory pids\n')

describe('lxcConfig()', () => {
  it("limits the sandbox's own group, in the words of each version, and keeps LXC's process out of it", () => {
    const one = config(version1)
    for (const line of [
      'lxc.cgroup.memory.limit_in_bytes = 268435456',
      'lxc.cgroup.pids.max = 100',
      'lxc.cgroup.blkio.throttle.write_bps_device = 7:0 1000000',
    ])
      assert.ok(one.includes(line), line)
    const two = config(version2)
    for (const line of ['lxc.cgroup2.memory.max = 268435456', 'lxc.cgroup2.cpu.max = 50000 100000'])
      assert.ok(two.includes(line), line)
    assert.ok(two.includes('lxc.cgroup.dir.container = berth/sandbox-shop-1'))
    assert.ok(two.includes('lxc.cgroup.dir.monitor = berth/lxc-shop-1/lxc'))
  })

  it('gives no capability and no new privilege, and no more than berth itself may have', () => {
    const lines = config(version2)
    for (const line of ['lxc.cap.keep = none', 'lxc.no_new_privs = 1', 'lxc.prlimit.nofile = 1024'])
      assert.ok(lines.includes(line), line)
  })

  it("adds LXC's filter to the one that shuts the kernel's other entries", () => {
    assert.ok(config(version2).includes('lxc.seccomp.allow_nesting = 1'))
  })

  it('maps the ids of the application, where the host makes user namespaces', () => {
    assert.ok(config(version2).includes('lxc.idmap = u 0 1265536 65536'))
    assert.ok(!config(version2, false).some((line) => line.includes('idmap')))
  })
})

describe('lxcFilter()', () => {
  const lines = lxcFilter(seccompProfile('x64')).split('\n')

  it('refuses what is in no list as an older kernel would', () => {
    assert.deepEqual(lines.slice(0, 3), ['2', 'allowlist errno 38', '[x86_64]'])
    assert.ok(!lines.some((line) => line.startsWith('clone3 ')))
  })

  it('writes one rule a line, with its answer and its conditions', () => {
    for (const line of [
      'read allow',
      'mount errno 1',
      'clone allow [0,0,SCMP_CMP_MASKED_EQ,2114060288]',
      'socket allow [0,16,SCMP_CMP_EQ] [2,0,SCMP_CMP_EQ]',
      'socket errno 97 [0,16,SCMP_CMP_GT]',
    ])
      assert.ok(lines.includes(line), line)
  })

  it("is written for arm64's own calls there", () => {
    assert.ok(lxcFilter(seccompProfile('arm64')).includes('\n[arm64]\n'))
  })
})
