import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { instanceFrom } from '../../../host/instance.ts'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import type { HostFacts } from '../../sandbox/facts.ts'
import { layoutOf } from '../../sandbox/layout.ts'
import { takesOwnIds } from './own-ids.ts'
import { gvisorSpec, hostLimits, limitFiles } from './spec.ts'

const limits = { memoryBytes: 256 * 1024 ** 2, cpus: 0.5, pids: 100, tmpBytes: 1024 ** 2, ioBytesPerSecond: 1024 ** 2 }

const facts: HostFacts = {
  cgroups: { version: 1, roots: new Map(), controllers: new Set(['memory']) },
  countsSwap: true,
  hasIpv6: true,
  givesUserNamespaces: true,
  isChroot: false,
  hardLimits: {},
}

const sandbox: SandboxSpec = {
  id: 'shop-1',
  level: 'gvisor',
  hostname: 'shop',
  layers: [],
  argv: ['true'],
  workdir: '/',
  env: {},
  idBase: 1_200_000,
  volumes: [],
  limits,
  port: 80,
  logFile: '/logs/shop-1.log',
}

interface Spec {
  readonly mounts: readonly { readonly destination: string; readonly type: string; readonly source: string }[]
  readonly linux: { readonly uidMappings?: object }
}

const specOf = (ownIds: boolean) => {
  const layout = layoutOf(instanceFrom({ BERTH_HOME: '/home/of/berth' }), sandbox.id)
  return gvisorSpec(sandbox, { facts, ownIds, layout, limits: '/bundle/limits' }) as Spec
}

describe('takesOwnIds()', () => {
  it('reads the date of a version, however it is written', () => {
    assert.equal(takesOwnIds('runsc version 0.0~20221219.0\nspec: 1.0.2\n'), false)
    assert.equal(takesOwnIds('runsc version release-20240729.0\nspec: 1.1.0-rc.1\n'), true)
    assert.equal(takesOwnIds('runsc version VERSION_MISSING\n'), false)
    assert.equal(takesOwnIds(''), false)
  })
})

describe('gvisorSpec()', () => {
  it('gives a user namespace to a runsc that takes one beside a network', () => {
    assert.ok(specOf(true).linux.uidMappings)
    assert.equal(specOf(false).linux.uidMappings, undefined)
  })

  it("shows limits in files of berth's, for control groups of gVisor's own have none", () => {
    const mount = specOf(true).mounts.find(({ destination }) => destination === '/sys/fs/cgroup')
    assert.equal(mount?.type, 'bind')
    assert.equal(mount.source, '/bundle/limits')
  })
})

describe('hostLimits()', () => {
  it('leaves room for the kernel that runs beside the application', () => {
    assert.deepEqual(hostLimits(limits), { memoryBytes: 384 * 1024 ** 2, cpus: 0.5, pids: 664 })
  })
})

describe('limitFiles()', () => {
  it("says the application's own limits as both versions of control groups do", () => {
    const files = limitFiles(limits)
    assert.equal(files['memory.max'], '268435456\n')
    assert.equal(files['memory/memory.limit_in_bytes'], '268435456\n')
    assert.equal(files['cpu.max'], '50000 100000\n')
    assert.equal(files['pids/pids.max'], '100\n')
  })
})
