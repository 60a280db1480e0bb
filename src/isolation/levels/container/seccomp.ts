import { allowedCalls, refusedCalls } from './seccomp-calls.ts'

/** The seccomp filter of a sandbox, as the OCI runtime specification writes it (config-linux.md, "Seccomp"). */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO'
  readonly defaultErrnoRet: number
  readonly architectures: readonly string[]
  readonly syscalls: readonly SeccompRule[]
}

export interface SeccompRule {
  readonly names: readonly string[]
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO'
  readonly errnoRet?: number
  /** All of them must hold; at most one for each argument, for libseccomp refuses more. */
  readonly args?: readonly SeccompCondition[]
}

export interface SeccompCondition {
  readonly index: number
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_NE' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ'
  readonly value: number
  readonly valueTwo?: number
}

/** errno(3) on every architecture that berth runs on. */
const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const

/** socket(2) families: local, IPv4, IPv6; netlink only for its routing protocol, which libc asks for interfaces. */
const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const
const netlinkRoute = 0

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of clone(2). */
const newNamespaceFlags = 0x7e020000

/** The value of personality(2) that only asks. */
const askPersonality = 0xffffffff

/** What starting a program takes, whatever it is: by the runtime, by tini, by the loader. */
const always = new Set(
  `access arch_prctl brk chdir close clone dup2 dup3 epoll_create1 epoll_ctl epoll_pwait execve exit exit_group faccessat2 fcntl
  fstat futex getcwd getdents64 geteuid getpid getppid gettid getuid ioctl kill lseek madvise mmap mprotect munmap nanosleep
  newfstatat open openat pipe2 poll prctl pread64 prlimit64 read readlinkat rseq rt_sigaction rt_sigprocmask rt_sigreturn
  rt_sigtimedwait sched_getaffinity sched_yield set_robust_list set_tid_address setpgid setsid sigaltstack stat tgkill wait4
  write writev`.split(/\s+/),
)

/**
 * Gives the filter for a machine of Node's architecture name.
 * @param only of all that is allowed, these, and what starting a program takes; empty: all
 * Only its own 64-bit calls pass: the 32-bit entry (int 0x80) and x32 have other numbers and would go round the table.
 */
export function seccompProfile(architecture: NodeJS.Architecture, only: readonly string[] = []): SeccompProfile {
  const wanted = new Set(only)
  const passes = (name: string) => wanted.size === 0 || wanted.has(name) || always.has(name)
  const rules: SeccompRule[] = [
    allow(allowedCalls.filter(passes)),
    { names: refusedCalls, action: 'SCMP_ACT_ERRNO', errnoRet: errno.EPERM },
    // clone3 passes its flags in memory, where no filter sees them: ENOSYS sends libc back to clone.
    allow(['clone'], { index: 0, op: 'SCMP_CMP_MASKED_EQ', value: newNamespaceFlags, valueTwo: 0 }),
    allow(['personality'], equals(0, 0)),
    allow(['personality'], equals(0, askPersonality)),
    allow(['socketpair'], equals(0, family.unix)),
    ...socketRules(),
  ]
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: errno.ENOSYS,
    architectures: [architecture === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'],
    syscalls: rules.filter(
      ({ action, names }) => action !== 'SCMP_ACT_ALLOW' || names.length > 1 || names.every(passes),
    ),
  }
}

function socketRules(): SeccompRule[] {
  const { unix, inet, inet6, netlink } = family
  const passing: number[] = [unix, inet, inet6]
  const below = Array.from({ length: netlink }, (_, number) => number).filter((number) => !passing.includes(number))
  return [
    ...passing.map((number) => allow(['socket'], equals(0, number))),
    allow(['socket'], equals(0, netlink), equals(2, netlinkRoute)),
    ...below.map((number) => unsupported(equals(0, number))),
    unsupported({ index: 0, op: 'SCMP_CMP_GT', value: netlink }),
    unsupported(equals(0, netlink), { index: 2, op: 'SCMP_CMP_NE', value: netlinkRoute }),
  ]
}

/** What a kernel without that family answers, and what every program is ready for. */
function unsupported(...args: SeccompCondition[]): SeccompRule {
  return { names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: errno.EAFNOSUPPORT, args }
}

function allow(names: readonly string[], ...args: SeccompCondition[]): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW', ...(args.length > 0 ? { args } : {}) }
}

function equals(index: number, value: number): SeccompCondition {
  return { index, op: 'SCMP_CMP_EQ', value }
}
