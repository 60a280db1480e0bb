import { readText, stat } from '../../host/files.ts'
import type { OuterDevice } from './spec.ts'

/** What of the host an outer container may have. */
export async function capabilitiesOfOurs(): Promise<string[]> {
  const status = (await readText('/proc/self/status')) ?? ''
  const bounding = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return capabilityNames.filter((_, number) => (bounding >> BigInt(number)) % 2n === 1n)
}

/** By their numbers (capabilities(7)). */
export const capabilityNames: readonly string[] = `
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name}`)

/** Harmless when opened, and harmful only with rights that levels have to withhold. */
const wanted = ['/dev/kmsg', '/dev/fuse', '/dev/net/tun', '/dev/loop-control', '/dev/kvm']

export async function devicesOfHost(): Promise<OuterDevice[]> {
  const found = await Promise.all(
    wanted.map(async (path): Promise<OuterDevice[]> => {
      const facts = await stat(path).catch(() => undefined)
      if (facts?.isCharacterDevice() !== true) return []
      return [{ path, ...numbersOf(facts.rdev) }]
    }),
  )
  return found.flat()
}

/** glibc's gnu_dev_major and gnu_dev_minor (makedev(3)). */
function numbersOf(device: number): { major: number; minor: number } {
  return { major: Math.floor(device / 256) % 4096, minor: (device % 256) + Math.floor(device / 2 ** 20) * 256 }
}

/** Numbers of loop devices: the host gives whichever is free, and a node leads to it whether it is there yet or not. */
export async function loopsOfHost(): Promise<number[]> {
  const control = await stat('/dev/loop-control').catch(() => undefined)
  return control === undefined ? [] : Array.from({ length: 128 }, (_, number) => number)
}
