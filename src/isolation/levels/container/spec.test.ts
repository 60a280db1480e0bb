import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import { Secret } from '../../../model/secret.ts'
import { containerSpec, type ContainerFacts } from './spec.ts'

const sandbox: SandboxSpec = {
  id: 'shop-1',
  level: 'container',
  hostname: 'shop',
  layers: ['/layers/a'],
  argv: ['gunicorn', 'app:app'],
  workdir: '/app',
  env: { HOME: '/root', TOKEN: new Secret('hidden') },
  idBase: 1_265_536,
  volumes: [{ source: '/volumes/shop/data', target: '/data' }],
  limits: { memoryBytes: 268_435_456, cpus: 0.5, pids: 100, tmpBytes: 33_554_432, ioBytesPerSecond: 1_000_000 },
  port: 8000,
  logFile: '/logs/shop-1.log',
}

const facts: ContainerFacts = {
  architecture: 'x64',
  cgroupVersion: 1,
  cgroupPath: '/berth/sandbox-shop-1',
  countsSwap: true,
  boundDevices: [],
  hasIpv6: true,
  givesUserNamespaces: true,
  hardLimits: { RLIMIT_NOFILE: 1024 },
  rootPath: '/run/berth/sandboxes/shop-1/rootfs',
  init: '/usr/bin/tini-static',
}

interface Mount {
  destination: string
  type: string
  options: string[]
}

/** The parts of the specification that the tests look at. */
interface Spec {
  root: object
  process: {
    args: string[]
    env: string[]
    user: object
    noNewPrivileges: boolean
    capabilities: Record<string, string[]>
    rlimits: { type: string; hard: number }[]
  }
  mounts: Mount[]
  linux: {
    namespaces: { type: string }[]
    uidMappings: object[]
    resources: { memory: object; pids: object; cpu: object; unified?: object }
    sysctl: Record<string, string>
  }
}

const specOf = (changes: Partial<ContainerFacts> = {}) => containerSpec(sandbox, { ...facts, ...changes }) as Spec

describe('containerSpec()', () => {
  it('keeps the application on the same host id where there are no user namespaces', () => {
    const { process, linux } = specOf({ givesUserNamespaces: false })
    assert.deepEqual(process.user, { uid: 1_275_537, gid: 1_275_537, umask: 0o022 })
    assert.equal(linux.uidMappings, undefined)
    assert.equal(
      linux.namespaces.some(({ type }) => type === 'user'),
      false,
    )
  })

  const { process, mounts, linux, root } = specOf()
  const mountAt = (destination: string) => mounts.find((mount) => mount.destination === destination)

  it('runs the command below an init, as the unprivileged user, without any capability', () => {
    assert.deepEqual(process.args, ['/run/berth/init', '--', 'gunicorn', 'app:app'])
    assert.deepEqual(process.user, { uid: 10_001, gid: 10_001, umask: 0o022 })
    assert.equal(process.noNewPrivileges, true)
    assert.deepEqual(Object.values(process.capabilities), [[], [], [], [], []])
  })

  it('reveals secrets, and sets a home that can be written to', () => {
    assert.ok(process.env.includes('TOKEN=hidden'))
    assert.ok(process.env.includes('HOME=/tmp'))
  })

  it('asks for no limit above those of the host', () => {
    const hard = Object.fromEntries(process.rlimits.map((limit) => [limit.type, limit.hard]))
    assert.deepEqual(hard, { RLIMIT_NOFILE: 1024, RLIMIT_CORE: 0, RLIMIT_MEMLOCK: 65_536, RLIMIT_MSGQUEUE: 0 })
  })

  it('keeps the root read-only, and makes nothing that can be written executable', () => {
    assert.deepEqual(root, { path: facts.rootPath, readonly: true })
    for (const path of ['/tmp', '/run', '/dev/shm', '/data'])
      assert.ok(
        ['nosuid', 'nodev', 'noexec'].every((flag) => mountAt(path)?.options.includes(flag)),
        path,
      )
    assert.ok(mountAt('/tmp')?.options.includes('size=33554432'))
  })

  it('mounts no sysfs and no message queues', () => {
    assert.ok(!mounts.some(({ type }) => type === 'sysfs' || type === 'mqueue'))
  })

  it('gives it namespaces and ids of its own', () => {
    const types = linux.namespaces.map(({ type }) => type).sort()
    assert.deepEqual(types, ['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts'])
    assert.deepEqual(linux.uidMappings, [{ containerID: 0, hostID: 1_265_536, size: 65_536 }])
  })

  it('limits memory with swap, processes and CPU', () => {
    assert.deepEqual(linux.resources.memory, { limit: 268_435_456, swap: 268_435_456 })
    assert.deepEqual(linux.resources.pids, { limit: 100 })
    assert.deepEqual(linux.resources.cpu, { quota: 50_000, period: 100_000, shares: 1024 })
  })

  it('limits no swap where the kernel does not count it', () => {
    assert.deepEqual(specOf({ countsSwap: false }).linux.resources.memory, { limit: 268_435_456 })
  })

  it('has a whole sandbox killed for want of memory on cgroup version 2 only', () => {
    assert.equal(linux.resources.unified, undefined)
    assert.deepEqual(specOf({ cgroupVersion: 2 }).linux.resources.unified, { 'memory.oom.group': '1' })
  })

  it('sets nothing of IPv6 where there is none', () => {
    assert.deepEqual(specOf({ hasIpv6: false }).linux.sysctl, { 'net.ipv4.ip_unprivileged_port_start': '0' })
  })
})
