import { findsSome, isDone, listOf, numberOf, textOf, named, type Attack } from '../attack.ts'

/** What it may become, and how much of the kernel it gets to see. */
export const privilegeAttacks: readonly Attack[] = [
  {
    ...named('privilege', 'P01', 'setuid-program', 'Run a setuid program of root'),
    leaksWhen: 'who was not root is',
    asksKernel: true,
    judge: ({ said }) => (said['euid'] === 0 && said['was'] !== 0 ? 'it ran as root' : undefined),
  },
  {
    ...named('privilege', 'P02', 'unshare-user', 'Be root of a user namespace of its own'),
    leaksWhen: 'unshare(2) makes one',
    ...{ isSafe: true, asksKernel: true },
    judge: isDone('unshare', 'a user namespace could be made'),
  },
  {
    ...named('privilege', 'P03', 'clone3-user', 'The same, by a call whose flags no filter sees'),
    leaksWhen: 'clone3(2) makes one',
    ...{ isSafe: true, asksKernel: true },
    judge: isDone('clone3', 'a user namespace could be made'),
  },
  {
    ...named('privilege', 'P04', 'capabilities', 'Have capabilities'),
    leaksWhen: 'the host sees one in its effective set',
    ...{ isSafe: true, asksKernel: true },
    judge: async ({ scene }) => capabilities(await scene.statusField('CapEff')),
  },
  {
    ...named('privilege', 'P05', 'bounding-set', 'Be able to get capabilities'),
    leaksWhen: 'the host sees one in its bounding set',
    ...{ isSafe: true, asksKernel: true },
    judge: async ({ scene }) => capabilities(await scene.statusField('CapBnd')),
  },
  {
    ...named('privilege', 'P06', 'new-privileges', 'Get rights from programs that it runs'),
    leaksWhen: 'the host sees that no_new_privs is off',
    ...{ isSafe: true, asksKernel: true },
    judge: async ({ scene }) => ((await scene.statusField('NoNewPrivs')) === '0' ? 'no_new_privs is off' : undefined),
  },
  {
    ...named('privilege', 'P07', 'no-filter', 'Make any system call'),
    leaksWhen: 'the host sees no filter',
    ...{ isSafe: true, asksKernel: true },
    judge: async ({ scene }) =>
      (await scene.statusField('Seccomp')) === '0' ? 'no system call is filtered' : undefined,
  },
  {
    ...named('privilege', 'P08', 'system-calls', "Reach the kernel's rarer calls"),
    leaksWhen: "the kernel's own code answers one of 50 that only administrators and debuggers need",
    ...{ isSafe: true, asksKernel: true },
    judge: ({ said }) => {
      const reached = listOf(said['reached'])
      return reached.length > 0
        ? `${reached.length} of ${numberOf(said['tried'])}: ${reached.slice(0, 5).join(', ')}`
        : undefined
    },
  },
  {
    ...named('privilege', 'P09', 'thirty-two-bit', 'Call the kernel by its 32-bit door'),
    leaksWhen: 'getpid() answers there',
    ...{ isSafe: true, asksKernel: true },
    judge: ({ said }) => (said['answers'] === true ? 'the 32-bit door is open' : undefined),
  },
  {
    ...named('privilege', 'P10', 'x32', 'Call the kernel by the numbers of x32'),
    leaksWhen: 'getpid() answers there',
    ...{ isSafe: true, asksKernel: true },
    judge: ({ said }) => (said['answers'] === true ? 'the numbers of x32 are known' : undefined),
  },
  {
    ...named('privilege', 'P11', 'user-namespace-mount', 'Mount, as root of a user namespace'),
    leaksWhen: 'it is mounted',
    ...{ isSafe: true, asksKernel: true },
    judge: isDone('mount', 'a file system could be mounted in a user namespace'),
  },
  {
    ...named('privilege', 'P12', 'setuid-files', 'Find setuid programs to try'),
    isMinor: true,
    leaksWhen: 'there is one',
    ...{ isSafe: true, seconds: 40 },
    judge: ({ said }) =>
      numberOf(said['count']) > 0 ? `${numberOf(said['count'])}, such as ${listOf(said['first'])[0] ?? ''}` : undefined,
  },
  {
    ...named('privilege', 'P13', 'file-capabilities', 'Give a file rights for whoever runs it'),
    leaksWhen: 'the kernel takes the attribute',
    ...{ isSafe: true, asksKernel: true },
    judge: isDone('setxattr', 'a file capability could be set'),
  },
  {
    ...named('privilege', 'P14', 'extra-groups', 'Belong to groups of the host'),
    leaksWhen: "the host sees a group that is not of the application's own range",
    ...{ isSafe: true, asksKernel: true },
    judge: async ({ scene }) => {
      const groups = (await scene.statusField('Groups')).split(/\s+/).filter((group) => group !== '')
      const gid = (await scene.statusField('Gid')).split(/\s+/)[0] ?? ''
      const foreign = [gid, ...groups].filter((group) => group !== '' && Number(group) < 10_000)
      return foreign.length > 0 ? `group ${foreign.join(', ')} of the host` : undefined
    },
  },
  {
    ...named('privilege', 'P15', 'terminal-input', "Type into its starter's terminal"),
    leaksWhen: 'a character could be pushed',
    ...{ isSafe: true, asksKernel: true },
    judge: findsSome('pushed', 'typed into'),
  },
]

function capabilities(field: string): string | undefined {
  const bits = field === '' ? 0n : BigInt(`0x${field}`)
  const count = bits.toString(2).replaceAll('0', '').length
  return count > 0 ? `${count} capabilities (${textOf(field)})` : undefined
}
