import { runCommand } from '../../host/command.ts'
import { readText, rm, stat } from '../../host/files.ts'
import { named, type Attack } from '../attack.ts'
import { diskPlaces } from '../stage/places.ts'

/** What an application leaves for whoever starts it, who is root. */
export const deployerAttacks: readonly Attack[] = [
  {
    ...named('deployer', 'D01', 'links-in-volume', "Have root's files given away by links in the volume"),
    leaksWhen: "root's file has another owner or mode after a restart, or the restart fails",
    restarts: true,
    judge: async ({ scene }) => {
      await scene.restartAttacked()
      const facts = await stat(scene.public.rootFile).catch(() => undefined)
      const isUp = (await scene.attackedVersion()) !== undefined
      await runCommand(['find', scene.attackedVolume, '-maxdepth', '1', '-name', 'link-*', '-delete'], {
        allowCodes: [0, 1],
      })
      if (facts?.uid !== 0 || (facts.mode & 0o777) !== 0o600) return "root's file was given away"
      return isUp ? undefined : 'it does not come up again'
    },
  },
  {
    ...named('deployer', 'D02', 'pipe-in-volume', 'Make the deployer wait for ever by a pipe in the volume'),
    leaksWhen: 'the application does not come up again',
    restarts: true,
    judge: async ({ scene }) => {
      await scene.restartAttacked()
      const isUp = (await scene.attackedVersion()) !== undefined
      await rm(`${scene.attackedVolume}/pipe`, { force: true })
      return isUp ? undefined : 'it does not come up again'
    },
  },
  {
    ...named('deployer', 'D03', 'forged-log-line', 'Write a line of log that seems to be of another time and origin'),
    leaksWhen: 'the file has a line that begins as the forged one does',
    judge: async ({ scene }) => {
      const log = scene.attackedLog === undefined ? '' : ((await readText(scene.attackedLog)) ?? '')
      return log.split('\n').includes(scene.public.forgedLine) ? 'the line cannot be told from a true one' : undefined
    },
  },
  {
    ...named(
      'deployer',
      'D04',
      'secret-in-command-lines',
      "Find a neighbour's secret in what everybody sees of processes",
    ),
    leaksWhen: 'the command line of a process on the host has it',
    judge: async ({ scene }) =>
      (await scene.processWith(scene.token('neighbourEnvironment'))) ? 'a command line has the secret' : undefined,
  },
  {
    ...named(
      'deployer',
      'D05',
      'secret-on-disk',
      "Find a neighbour's secret on the disk, in backups and after a theft",
    ),
    leaksWhen: 'a file on the disk of the host has it',
    judge: async ({ scene }) => {
      const asked = ['grep', '-rlF', '--max-count=1', scene.token('neighbourEnvironment'), ...diskPlaces] as const
      const { stdout } = await runCommand(asked, { allowCodes: [0, 1, 2], timeoutSeconds: 60 })
      const [path] = stdout.split('\n').filter((line) => line !== '')
      return path === undefined ? undefined : `${path.replace(/[0-9a-f]{24,}/g, '…')} has the secret`
    },
  },
]
