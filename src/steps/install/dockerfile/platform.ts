import { TextFault } from './text-fault.ts'

export interface Platform {
  readonly os: string
  readonly architecture: string
  /** Empty for most. */
  readonly variant: string
}

const systems =
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'
const architectures =
  '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le ' +
  'mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'

/** Other names for an architecture and its variant. */
const aliases: Readonly<Record<string, readonly [string, string]>> = {
  i386: ['386', ''],
  x86_64: ['amd64', ''],
  'x86-64': ['amd64', ''],
  aarch64: ['arm64', ''],
  armhf: ['arm', ''],
  armel: ['arm', 'v6'],
}

/**
 * Reads `os/architecture[/variant]`; one word is either, and the other part is that of this build.
 * @throws TextFault for what is none.
 */
export function parsePlatform(text: string, own: Platform): Platform {
  const parts = text.toLowerCase().split('/')
  const [first = '', second, variant = ''] = parts
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) throw invalid(text)
  if (second !== undefined) return { os: first, ...machine(second, variant) }
  if (systems.split(' ').includes(first)) return { ...own, os: first }
  const found = machine(first, '')
  if (!architectures.split(' ').includes(found.architecture)) throw invalid(text)
  return { os: own.os, ...found }
}

/** The variants that are meant without saying so, arm64/v8 and amd64/v1, are left out; so is v7 of arm unless said. */
function machine(written: string, variant: string): Pick<Platform, 'architecture' | 'variant'> {
  const [architecture, implied] = aliases[written] ?? [written, '']
  const version = /^\d/.test(variant) && architecture.startsWith('arm') ? `v${variant}` : variant
  const isMeantAnyhow =
    (architecture === 'amd64' && version === 'v1') || (architecture === 'arm64' && /^v8(\.0)?$/.test(version))
  return { architecture, variant: isMeantAnyhow || architecture === '386' ? '' : version || implied }
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== '').join('/')
}

function invalid(text: string): TextFault {
  return new TextFault('value', { message: `\`${text}\` is no platform`, fix: 'Write it as linux/amd64' })
}
