import { problem } from '../problem.ts'

export const sandboxNotStarted = problem('sandbox-not-started', {
  explain: `The runtime could not make a sandbox, so the application did not run a single instruction. Nothing of the
sandbox is left behind, and what served before still serves.

The most frequent reasons: the start command's working directory is not in the image, a volume's path lies below a file
of the image, or the host has run out of memory or of disk space for the run directory.`,
  text: ({ id, reason }: { id: string; reason: string }) => ({
    message: `Cannot make the sandbox ${id}: ${reason}`,
    fix: 'Look at the reason above; `berth plan` shows the working directory, volumes and limits that were asked for',
  }),
})

export const sandboxNotRunning = problem('sandbox-not-running', {
  explain: `A command can run inside a sandbox only while its application runs. \`berth run\` starts a sandbox of its
own for the command and needs no running application.`,
  text: ({ id }: { id: string }) => ({
    message: `Cannot run a command in ${id}: it is not running`,
    fix: 'Start the application, or use `berth run`',
  }),
})

export const noTerminal = problem('no-terminal', {
  explain: `Interactive commands need a pseudo-terminal, which the package @lydell/node-pty provides in prebuilt form
for x64 and arm64. It is not installed, or not made for this machine.`,
  text: () => ({
    message: 'Cannot open a terminal: @lydell/node-pty cannot be loaded',
    fix: 'Install berth again with its optional packages, or run the command without a terminal',
  }),
})

export const execInChroot = problem('exec-in-chroot', {
  explain: `berth itself runs in a chroot. Whoever enters a sandbox from there comes out at the root of the machine's mounts, and
not at the sandbox's own, so berth does not enter it. Everything else works.`,
  text: ({ id }: { id: string }) => ({
    message: `Cannot run a command inside ${id}: berth runs in a chroot`,
    fix: 'Use `berth run`, which makes a sandbox of its own, or run berth outside of the chroot',
  }),
})

export const levelCannotGive = problem('level-cannot-give', {
  explain: `The manifest demands a limit of a level that cannot hold an application to it: a chroot, for example, knows nothing of
memory. berth refuses rather than to run the application without what was asked for. A level without the limit is taken
only when the manifest does not name it.`,
  text: ({ level, keys, others }: { level: string; keys: readonly string[]; others: readonly string[] }) => ({
    message: `The level \`${level}\` cannot give ${keys.map((key) => `\`${key}\``).join(', ')}, which [isolation] demands`,
    fix:
      others.length === 0
        ? `Remove ${keys.length === 1 ? 'it' : 'them'} from [isolation], or run berth as root: an ordinary user may not limit that`
        : `Remove ${keys.length === 1 ? 'it' : 'them'} from [isolation], or choose a level that gives ${keys.length === 1 ? 'it' : 'them'}: ${others.join(', ')}`,
  }),
})

export const learnImpossible = problem('learn-impossible', {
  explain: `\`berth isolation learn\` runs a copy of the current release under strace, with copies of its volumes, and writes down which
system calls and which places of \`egress\` it uses. Everything else goes on meanwhile.`,
  text: ({ why }: { why: string }) => ({
    message: `Cannot learn what the application uses: ${why}`,
    fix: 'Mend that, and run the same command again',
  }),
})
