import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { instanceFrom } from '../../../host/instance.ts'
import { Secret } from '../../../model/secret.ts'
import type { Bundle } from '../../level.ts'
import { layoutOf } from '../../sandbox/layout.ts'
import { engineProfile, hardenedFlags } from './flags.ts'

const instance = instanceFrom({ BERTH_HOME: '/home/of/berth' })

const bundle: Bundle = {
  instance,
  layout: layoutOf(instance, 'shop-1'),
  spec: {
    id: 'shop-1',
    level: 'podman',
    hostname: 'shop',
    layers: [],
    argv: ['serve', '--token', 'x'],
    workdir: '/app',
    env: { TOKEN: new Secret('hidden') },
    idBase: 1_200_000,
    volumes: [{ source: '/volumes/data', target: '/data' }],
    limits: { memoryBytes: 1000, cpus: 0.5, pids: 64, tmpBytes: 2000, ioBytesPerSecond: 1 },
    port: 80,
    logFile: '/logs/shop-1.log',
  },
  facts: {
    cgroups: { version: 1, roots: new Map(), controllers: new Set() },
    countsSwap: true,
    hasIpv6: true,
    givesUserNamespaces: true,
    isChroot: false,
    hardLimits: { RLIMIT_NPROC: 500 },
  },
}

const flagsOf = (changes: Partial<Bundle> = {}) =>
  hardenedFlags(
    { ...bundle, ...changes },
    {
      ...{ user: 10_001, seccompFile: '/s.json', volumeOptions: 'rw,noexec', devices: ['/dev/loop3'] },
    },
  )

describe('hardenedFlags()', () => {
  it('closes what an engine can close', () => {
    const flags = flagsOf()
    const wanted = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--user=10001:10001']
    for (const flag of [...wanted, '--network=none', '--pids-limit=64', '--memory=1000', '--memory-swap=1000'])
      assert.ok(flags.includes(flag), flag)
    assert.ok(flags.includes('--volume=/volumes/data:/data:rw,noexec'))
  })

  it('bounds the speed of the volumes', () => {
    const flags = flagsOf()
    for (const flag of ['--device-read-bps=/dev/loop3:1', '--device-write-bps=/dev/loop3:1'])
      assert.ok(flags.includes(flag), flag)
  })

  it("tells the engine neither the application's environment nor its command", () => {
    const text = flagsOf().join(' ')
    for (const word of ['hidden', 'TOKEN', 'serve']) assert.ok(!text.includes(word), word)
  })

  it('asks for no more processes than berth itself may have', () => {
    assert.ok(flagsOf().includes('--ulimit=nproc=500:500'))
  })

  it('limits no swap where the kernel does not count it', () => {
    const facts = { ...bundle.facts, countsSwap: false }
    assert.ok(!flagsOf({ facts }).some((flag) => flag.startsWith('--memory-swap')))
  })

  it('has a terminal only where its operator has one', () => {
    assert.ok(!flagsOf().includes('--tty'))
    assert.ok(flagsOf({ terminal: { columns: 80, rows: 24 } }).includes('--tty'))
  })
})

describe('engineProfile()', () => {
  it('sends a libc from clone3 back to clone, also where an engine knows no default error', () => {
    const rule = engineProfile().syscalls.find(({ names }) => names.includes('clone3'))
    assert.deepEqual(rule, { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 })
  })
})
