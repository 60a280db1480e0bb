import { randomBytes } from 'node:crypto'
import { runCommand } from '../../host/command.ts'
import { exists, lstat, readText, rm, type Stats } from '../../host/files.ts'
import { comesOut, findsSome, isAnswered, isDone, listOf, refusals, textOf, named, type Attack } from '../attack.ts'

/** What changes the host, or could. */
export const hostAttacks: readonly Attack[] = [
  {
    ...named('host', 'H01', 'rm-host-tree', "Delete the host's files"),
    leaksWhen: 'one of three trees is gone: everybody may write it, only root may, only its own user may',
    judge: async ({ scene }) => {
      for (const path of scene.allCanaries()) if (!(await exists(path))) return `${path} is gone`
      return undefined
    },
  },
  {
    ...named('host', 'H02', 'write-host-file', 'Write to a file of the host'),
    leaksWhen: 'its content has changed',
    judge: async ({ scene }) =>
      (await readText(scene.public.hostFile))?.includes('changed') === true ? 'the file has changed' : undefined,
  },
  {
    ...named('host', 'H03', 'proc-root-escape', "Walk out through another process's root"),
    leaksWhen: "the content of root's file comes out",
    isSafe: true,
    judge: comesOut('rootFile'),
  },
  {
    ...named('host', 'H04', 'load-module', 'Load a module into the kernel'),
    leaksWhen: "the kernel's own code answers",
    isSafe: true,
    asksKernel: true,
    judge: isAnswered('finit_module', 'the kernel reads the module'),
  },
  {
    ...named('host', 'H05', 'mount', 'Mount something'),
    leaksWhen: 'it is mounted',
    isSafe: true,
    asksKernel: true,
    judge: isDone('mount', 'a file system could be mounted'),
  },
  {
    ...named('host', 'H06', 'remount-root-rw', 'Make the root writable'),
    leaksWhen: 'the remount succeeds',
    isSafe: true,
    asksKernel: true,
    judge: isDone('remount', 'the root could be mounted anew, to be written'),
  },
  {
    ...named('host', 'H07', 'mknod-raw-disk', 'Make a device node and read the disk'),
    leaksWhen: 'what is on the disk comes out',
    judge: comesOut('disk'),
  },
  {
    ...named('host', 'H08', 'dev-nodes', 'Open the devices that are there'),
    leaksWhen: 'a block device, or one of kmsg, mem, kvm, fuse, vsock, tun, loop-control opens',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('opened', 'these open'),
  },
  {
    ...named('host', 'H09', 'sysrq-trigger', 'Reach the magic keys'),
    leaksWhen: 'the file opens for writing (nothing is written)',
    isSafe: true,
    asksKernel: true,
    judge: isDone('open', '/proc/sysrq-trigger can be written'),
  },
  {
    ...named('host', 'H10', 'core-pattern', 'Name the program that handles crashes of the host'),
    leaksWhen: 'the same value can be written back',
    asksKernel: true,
    judge: isDone('write', 'kernel.core_pattern can be written'),
  },
  {
    ...named('host', 'H11', 'kernel-settings', "Change the kernel's settings"),
    leaksWhen: 'a setting that all share opens for writing',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('opened', 'these can be written'),
  },
  {
    ...named('host', 'H12', 'sysfs-knobs', 'Turn the knobs of /sys'),
    leaksWhen: 'one opens for writing',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('opened', 'these can be written'),
  },
  {
    ...named('host', 'H13', 'cgroup-writable', 'Rewrite limits in the control groups'),
    leaksWhen: 'a control file opens for writing',
    isSafe: true,
    asksKernel: true,
    judge: findsSome('opened', 'these can be written'),
  },
  {
    ...named('host', 'H16', 'reboot', 'Reboot the host'),
    leaksWhen: 'the kernel minds the wrong magic number and not the right',
    isSafe: true,
    asksKernel: true,
    judge: ({ said }) => (said['reboot'] === 'EINVAL' ? 'only the magic number was wrong' : undefined),
  },
  {
    ...named('host', 'H17', 'ptrace-host-process', 'Take over a process of the host'),
    leaksWhen: 'a process with the token in its command line could be seized',
    judge: comesOut('process', 'ownProcess'),
  },
  {
    ...named('host', 'H18', 'kill-host-process', 'Kill a process of the host'),
    leaksWhen: 'a process of the same user outside has ended',
    judge: async ({ scene, said }) =>
      (await scene.ownProcessLives({ wasSignalled: said['sent'] === 'done' }))
        ? undefined
        : 'the process on the host has ended',
  },
  {
    ...named('host', 'H19', 'host-root', 'Be root, of the host too'),
    leaksWhen: 'it can be user 0, and that is user 0 of the host',
    isSafe: true,
    asksKernel: true,
    judge: ({ said }) => {
      const map = listOf(said['uid_map'])
      return said['euid'] === 0 && map[0] === '0' && map[1] === '0' ? 'user 0 inside is user 0 of the host' : undefined
    },
  },
  {
    ...named('host', 'H20', 'set-host-name', 'Change the name of the host'),
    leaksWhen: 'the same name could be set again, where the host has its own',
    judge: ({ said, scene }) =>
      said['sethostname'] === 'done' && said['uts'] === scene.hostNamespace('uts')
        ? 'the name could be set'
        : undefined,
  },
  {
    ...named('host', 'H21', 'write-kmsg', "Write into the kernel's log"),
    leaksWhen: "the host finds the line in the kernel's log",
    before: () => Promise.resolve({ kernelMark: randomBytes(8).toString('hex') }),
    judge: async ({ given }) => {
      const log = await runCommand(['dmesg'], { allowCodes: [0, 1] })
      return log.stdout.includes(String(given['kernelMark'])) ? 'a line of it stands in the log' : undefined
    },
  },
  {
    ...named('host', 'H22', 'set-clock', 'Change the clock of the host'),
    leaksWhen: 'the value that it has is accepted',
    isSafe: true,
    asksKernel: true,
    judge: isDone('adjtimex', 'the clock could be set'),
  },
  {
    ...named('host', 'H23', 'chroot-break', 'Break out of the root directory'),
    leaksWhen: "the content of root's file comes out",
    judge: comesOut('rootFile'),
  },
  {
    ...named('host', 'H24', 'open-by-handle', 'Guess the handle of the root directory (shocker)'),
    leaksWhen: "the content of root's file comes out",
    judge: comesOut('rootFile'),
  },
  {
    ...named('host', 'H25', 'leaked-descriptors', 'Walk out through an inherited descriptor'),
    leaksWhen: "the content of root's file comes out",
    isSafe: true,
    judge: comesOut('rootFile'),
  },
  {
    ...named('host', 'H26', 'setuid-in-volume', "Plant root's program in the volume"),
    leaksWhen: 'on the host it belongs to root, has the setuid bit and lies where that counts',
    judge: async ({ scene }) => {
      const facts = await lookAndRemove(`${scene.attackedVolume}/planted`)
      return facts?.uid === 0 && (facts.mode & 0o4000) !== 0 ? 'a setuid program of root lies on the host' : undefined
    },
  },
  {
    ...named('host', 'H27', 'device-in-volume', 'Plant a device node in the volume'),
    leaksWhen: 'on the host it is a block device',
    judge: async ({ scene }) => {
      const facts = await lookAndRemove(`${scene.attackedVolume}/planted-node`)
      return facts?.isBlockDevice() === true ? 'a block device lies on the host' : undefined
    },
  },
  {
    ...named('host', 'H28', 'link-in-volume', "Plant a link to root's file in the volume"),
    leaksWhen: 'what the link leads to can be read through it',
    judge: comesOut('rootFile'),
  },
  {
    ...named('host', 'H29', 'binfmt-misc', 'Register an interpreter with the kernel'),
    leaksWhen: 'the register opens for writing',
    isSafe: true,
    asksKernel: true,
    judge: isDone('open', 'the register can be written'),
  },
  {
    ...named('host', 'H30', 'kexec', 'Load another kernel'),
    leaksWhen: "the kernel's own code answers",
    isSafe: true,
    asksKernel: true,
    judge: ({ said }) =>
      ['', ...refusals].includes(textOf(said['kexec']))
        ? undefined
        : `the kernel reads the image (${textOf(said['kexec'])})`,
  },
]

/** What a path in a volume is, on the host; nothing is followed, and the attacks after this one are spared it. */
async function lookAndRemove(path: string): Promise<Stats | undefined> {
  const facts = await lstat(path).catch(() => undefined)
  await rm(path, { force: true })
  return facts
}
