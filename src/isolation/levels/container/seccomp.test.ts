import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allowedCalls, refusedCalls } from './seccomp-calls.ts'
import { seccompProfile } from './seccomp.ts'

/** What an attacker tries first: each of these answered on some other deployer's sandbox. */
const dangerous = `acct add_key adjtimex bpf chroot clock_settime delete_module fanotify_init finit_module fsconfig
  fsmount fsopen fspick init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load
  kexec_load keyctl lookup_dcookie mbind memfd_secret migrate_pages modify_ldt mount mount_setattr move_mount move_pages
  name_to_handle_at open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root process_madvise process_vm_readv
  process_vm_writev ptrace quotactl reboot request_key setdomainname sethostname setns settimeofday statmount swapoff
  swapon syslog umount2 unshare userfaultfd vmsplice`.split(/\s+/)

const profile = seccompProfile('x64')
const rulesFor = (name: string) => profile.syscalls.filter((rule) => rule.names.includes(name))

describe('seccompProfile()', () => {
  for (const name of dangerous)
    it(`does not let ${name} through`, () => {
      assert.ok(rulesFor(name).every((rule) => rule.action === 'SCMP_ACT_ERRNO'))
    })

  it('answers ENOSYS to what it does not know', () => {
    assert.equal(profile.defaultAction, 'SCMP_ACT_ERRNO')
    assert.equal(profile.defaultErrnoRet, 38)
  })

  it('knows the 64-bit calls of one architecture only', () => {
    assert.deepEqual(profile.architectures, ['SCMP_ARCH_X86_64'])
    assert.deepEqual(seccompProfile('arm64').architectures, ['SCMP_ARCH_AARCH64'])
  })

  it('lets clone make threads and processes, but no namespaces, and has no clone3', () => {
    const [rule] = rulesFor('clone')
    assert.deepEqual(rule?.args, [{ index: 0, op: 'SCMP_CMP_MASKED_EQ', value: 0x7e020000, valueTwo: 0 }])
    assert.deepEqual(rulesFor('clone3'), [])
  })

  it('allows four socket families, netlink for routes only', () => {
    const allowed = rulesFor('socket').filter((rule) => rule.action === 'SCMP_ACT_ALLOW')
    assert.deepEqual(
      allowed.map((rule) => rule.args?.map(({ value }) => value)),
      [[1], [2], [10], [16, 0]],
    )
  })

  it('never compares one argument twice in a rule, which libseccomp refuses', () => {
    for (const { args = [] } of profile.syscalls)
      assert.equal(new Set(args.map(({ index }) => index)).size, args.length)
  })

  it('has no call in both tables, and none twice', () => {
    assert.equal(new Set([...allowedCalls, ...refusedCalls]).size, allowedCalls.length + refusedCalls.length)
  })
})
