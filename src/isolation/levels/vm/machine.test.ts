import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import { Secret } from '../../../model/secret.ts'
import { deviceOfVolume, machineOf, sizeOf } from './machine.ts'

const mebibyte = 1024 ** 2
const spec: SandboxSpec = {
  id: 'shop-1',
  level: 'vm',
  hostname: 'shop-1',
  layers: ['/layers/a'],
  argv: ['serve', '--secret-of-the-command'],
  workdir: '/app',
  env: { TOKEN: new Secret('hidden'), PLAIN: 'not-for-a-list-of-processes' },
  idBase: 1_265_536,
  volumes: [
    { source: '/volumes/a', target: '/data', image: { file: '/volumes/a.ext4', bytes: 1, inodes: 1 } },
    { source: '/volumes/b', target: '/more', image: { file: '/volumes/b.ext4', bytes: 1, inodes: 1 } },
  ],
  limits: { memoryBytes: 128 * mebibyte, cpus: 1.5, pids: 64, tmpBytes: mebibyte, ioBytesPerSecond: 1000 },
  port: 8000,
  link: { hostAddress: '10.1.2.4', sandboxAddress: '10.1.2.5' },
  logFile: '/logs/shop-1.log',
}
const parts = {
  kernel: '/vm/kernel/vmlinuz',
  initramfs: '/vm/initramfs',
  rootImage: '/vm/images/1',
  scaffoldImage: '/run/scaffold.img',
  volumeImages: ['/volumes/a.ext4', '/volumes/b.ext4'],
}
const host = { program: '/usr/bin/qemu-system-x86_64', name: '/run/shop-1', accelerator: 'kvm' } as const

describe('machineOf()', () => {
  const { argv, card, descriptors } = machineOf(spec, parts, host)
  const values = (option: string) => argv.flatMap((word, index) => (argv[index - 1] === option ? [word] : []))

  it('tells nothing of the application in its command line', () => {
    for (const word of ['hidden', 'not-for-a-list', 'secret-of-the-command', '/volumes', '/data'])
      assert.ok(!argv.join(' ').includes(word), word)
  })

  it('gives qemu its files open, the volumes alone for writing', () => {
    assert.deepEqual(
      descriptors.map(({ number, mode, path }) => `${number} ${mode} ${path}`),
      [
        '20 r /vm/kernel/vmlinuz',
        '21 r /vm/initramfs',
        '22 r /vm/images/1',
        '23 r /run/scaffold.img',
        '24 rw /volumes/a.ext4',
        '25 rw /volumes/b.ext4',
      ],
    )
    assert.deepEqual(values('-add-fd'), ['fd=22,set=0', 'fd=23,set=1', 'fd=24,set=2', 'fd=25,set=3'])
    assert.deepEqual(
      ['/volumes/a.ext4', '/volumes/b.ext4'].map((_, index) => deviceOfVolume(index)),
      ['vdc', 'vdd'],
    )
  })

  it('bounds what is read and written of all volumes together', () => {
    assert.deepEqual(values('-object'), ['throttle-group,id=io,x-bps-total=1000'])
  })

  it('has a network card only where there is a link', () => {
    const device = 'virtio-net-pci,netdev=net,mac=52:54:0a:01:02:05,romfile='
    assert.deepEqual(card, ['-netdev', 'tap,id=net,fd=12', '-device', device])
    assert.ok(!argv.includes('-netdev'))
    const { link, ...alone } = spec
    assert.ok(link)
    assert.deepEqual(machineOf(alone, parts, host).card, [])
  })

  it('lets qemu start no program and gain no privilege', () => {
    assert.deepEqual(values('-sandbox'), ['on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'])
  })
})

describe('sizeOf()', () => {
  it('gives the kernel room beside what the application may have, and whole processors', () => {
    const { memoryBytes, processors } = sizeOf(spec, 'kvm')
    assert.deepEqual([memoryBytes / mebibyte, processors], [224, 2])
  })

  it('holds the host to the processor time that was asked for, where the processor itself works', () => {
    assert.equal(sizeOf(spec, 'kvm').host.cpus, 1.5)
    assert.equal(sizeOf(spec, 'tcg').host.cpus, 2)
  })

  it('is a whole number of mebibytes', () => {
    assert.equal(sizeOf({ limits: { ...spec.limits, memoryBytes: 1 } }, 'tcg').memoryBytes, 97 * mebibyte)
  })
})
