import type { SeccompCondition, SeccompProfile, SeccompRule } from '../container/seccomp.ts'

/**
 * A filter in LXC's own format, version 2 (lxc.container.conf(5), "SECCOMP CONFIGURATION"): the same rules with the same
 * answers. LXC gives them to the machine's 32-bit entries as well, whatever the section says: lxc.pl shuts those.
 */
export function lxcFilter({ defaultErrnoRet, architectures, syscalls }: SeccompProfile): string {
  const section = architectures.includes('SCMP_ARCH_AARCH64') ? 'arm64' : 'x86_64'
  return ['2', `allowlist errno ${defaultErrnoRet}`, `[${section}]`, ...syscalls.flatMap(lines), ''].join('\n')
}

function lines({ names, action, errnoRet, args = [] }: SeccompRule): string[] {
  const answer = action === 'SCMP_ACT_ALLOW' ? 'allow' : `errno ${errnoRet ?? 1}`
  return names.map((name) => [name, answer, ...args.map(condition)].join(' '))
}

/** With a mask, LXC takes the mask last, where libseccomp and OCI take it first. */
function condition({ index, op, value, valueTwo }: SeccompCondition): string {
  return op === 'SCMP_CMP_MASKED_EQ' ? `[${index},${valueTwo ?? 0},${op},${value}]` : `[${index},${value},${op}]`
}
