/**
 * System calls that no build needs and that reach far into the kernel. A build runs foreign code (a setup.py, an
 * install script), but also every tool that a Debian package may bring, so this is a list of what is refused; what
 * carries the weight are the namespaces and the missing capabilities.
 */

const refused = [
  ...['acct', 'add_key', 'bpf', 'clock_adjtime', 'clock_settime', 'delete_module', 'finit_module', 'fsconfig'],
  ...['fsmount', 'fsopen', 'fspick', 'init_module', 'io_uring_enter', 'io_uring_register', 'io_uring_setup', 'ioperm'],
  ...['iopl', 'kcmp', 'kexec_file_load', 'kexec_load', 'keyctl', 'lookup_dcookie', 'mount', 'mount_setattr'],
  ...['move_mount', 'move_pages', 'name_to_handle_at', 'nfsservctl', 'open_by_handle_at', 'open_tree'],
  ...['perf_event_open', 'pivot_root', 'process_vm_readv', 'process_vm_writev', 'ptrace', 'quotactl', 'quotactl_fd'],
  ...['reboot', 'request_key', 'setns', 'settimeofday', 'swapoff', 'swapon', 'syslog', 'umount', 'umount2', 'unshare'],
  ...['uselib', 'userfaultfd', 'vhangup', 'vmsplice'],
]

/** CLONE_NEW*: namespaces, of which a user namespace would give back every capability (clone(2)). */
const namespaceFlags = 0x7e02_0000

/** AF_UNIX 1, AF_INET 2, AF_INET6 10, AF_NETLINK 16: all that a build needs (socket(2)). */
const refusedFamilies = { between: [3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15], from: 17 }

/** The profile in the form of the OCI runtime specification (config-linux.md, "Seccomp"). */
export const buildSeccomp = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  syscalls: [
    { names: refused, action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
    // Its flags are behind a pointer, which seccomp cannot follow; with ENOSYS libc falls back to clone.
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ...namespaceBits().map((bit) => ({
      names: ['clone'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 1,
      args: [{ index: 0, value: bit, valueTwo: bit, op: 'SCMP_CMP_MASKED_EQ' }],
    })),
    ...refusedFamilies.between.map((family) => refusedSocket('SCMP_CMP_EQ', family)),
    refusedSocket('SCMP_CMP_GE', refusedFamilies.from),
  ],
} as const

function namespaceBits(): number[] {
  return Array.from({ length: 31 }, (_, bit) => 2 ** bit).filter((bit) => (namespaceFlags & bit) !== 0)
}

function refusedSocket(op: string, family: number) {
  return { names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: 97, args: [{ index: 0, value: family, op }] }
}
