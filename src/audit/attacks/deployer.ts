import { randomBytes } from 'node:crypto'
import { CommandFailed, runCommand } from '../../host/command.ts'
import { chmod, readText, rm, stat, writeFile } from '../../host/files.ts'
import { killQuietly, spawnDetached, waitForEnd } from '../../host/processes.ts'
import { named, numberOf, type Attack, type Evidence } from '../attack.ts'
import { diskPlaces } from '../stage/places.ts'
import type { Scene } from '../stage/scene.ts'
import { engineThrough, startWithLoaderSettings } from './deployer-traps.ts'
import { commandLinesDuring } from './command-lines.ts'

/**
 * What an application leaves for whoever starts it, who is root. The levels start it again, as they do; at the control a
 * deployer without care does what such do, so that each trap is known to catch somebody.
 */
export const deployerAttacks: readonly Attack[] = [
  {
    ...named('deployer', 'D01', 'links-in-volume', "Have root's files given away by links in the volume"),
    leaksWhen: "root's file has another owner or mode after a restart, or the restart fails",
    restarts: true,
    judge: async ({ scene }) => {
      await startAgain(scene, 'chmod -R a+rX "$1"/*')
      const facts = await stat(scene.public.rootFile).catch(() => undefined)
      const isUp = (await scene.attackedVersion()) !== undefined
      await inVolume(scene, ['-maxdepth', '1', '-name', 'link-*', '-delete'])
      if (facts !== undefined) await chmod(scene.public.rootFile, 0o600)
      if (facts?.uid !== 0 || (facts.mode & 0o777) !== 0o600) return "root's file was given away"
      return isUp ? undefined : 'it does not come up again'
    },
  },
  {
    ...named('deployer', 'D02', 'pipe-in-volume', 'Make the deployer wait for ever by a pipe in the volume'),
    leaksWhen: 'the application does not come up again, or whoever starts it waits',
    restarts: true,
    judge: async ({ scene }) => {
      const waited = await startAgain(scene, 'exec cat "$1"/pipe')
      const isUp = (await scene.attackedVersion()) !== undefined
      await rm(`${scene.attackedVolume}/pipe`, { force: true })
      if (waited !== undefined) return waited
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
    leaksWhen: 'the command line of a process on the host has it, while the neighbour is started or afterwards',
    ...{ restarts: true, seconds: 60 },
    judge: async ({ scene }) => {
      const secret = scene.token('neighbourEnvironment')
      const isControl = scene.column.kind === 'control'
      const lines = isControl ? await linesOfStartWith(secret) : await commandLinesDuring(scene.renewNeighbour())
      const line = lines.find((each) => each.includes(secret))
      return line === undefined ? undefined : `that of ${line.split(' ')[0] ?? ''} has the secret`
    },
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
      const secret = scene.token('neighbourEnvironment')
      const careless = '/etc/default/neighbour-settings'
      if (scene.column.kind === 'control') await writeFile(careless, `NEIGHBOUR_SECRET=${secret}\n`)
      const asked = ['grep', '-rlF', '--max-count=1', secret, ...diskPlaces] as const
      const { stdout } = await runCommand(asked, { allowCodes: [0, 1, 2], timeoutSeconds: 60 })
      await rm(careless, { force: true })
      const [path] = stdout.split('\n').filter((line) => line !== '')
      return path === undefined ? undefined : `${path.replace(/[0-9a-f]{24,}/g, '…')} has the secret`
    },
  },
  {
    ...named('deployer', 'D06', 'process-number-files', 'Have the deployer end a process of the host in its place'),
    leaksWhen: 'a process of the host has ended whose number stands in files that the application has written',
    restarts: true,
    before: async () => {
      const { pid } = await spawnDetached(['sleep', '600'], { logFile: '/dev/null' })
      return { victim: pid }
    },
    judge: async ({ scene, given }) => {
      const victim = numberOf(given['victim'])
      await startAgain(scene, 'kill -9 "$(cat "$1/app.pid")"')
      const state = ((await readText(`/proc/${victim}/stat`).catch(() => undefined)) ?? ') Z').split(') ').at(-1)
      if (state?.startsWith('Z') === true) return 'the process on the host has ended'
      killQuietly(victim, 'SIGKILL')
      return undefined
    },
  },
  {
    ...named('deployer', 'D07', 'sockets', 'Have the traffic of others brought to the container engine, by a link'),
    leaksWhen: 'who asks the application is answered by the engine',
    restarts: true,
    judge: async ({ scene }) => ((await engineThrough(scene)) ? 'the engine answers in its place' : undefined),
  },
  {
    ...named('deployer', 'D08', 'loader-settings', "Have root's programs load what the application's settings name"),
    leaksWhen: "a program of root's on the host has run with them, or still does",
    ...{ restarts: true, seconds: 30 },
    judge: ({ scene }) => startWithLoaderSettings(scene),
  },
]

/**
 * Starts it again; at the control somebody first runs a line of shell, whose first argument is the volume.
 * Gives what went wrong with that, if it never ended.
 */
async function startAgain(scene: Scene, carelessly: string): Promise<Evidence> {
  const waited = scene.column.kind === 'control' ? await runCarelessly(carelessly, scene.attackedVolume) : undefined
  await scene.restartAttacked()
  return waited
}

async function runCarelessly(line: string, volume: string): Promise<Evidence> {
  try {
    await runCommand(['sh', '-c', line, 'sh', volume], { timeoutSeconds: 15, allowCodes: [0, 1, 2] })
    return undefined
  } catch (error) {
    if (error instanceof CommandFailed && error.signal !== undefined) return 'whoever starts it waits for ever'
    throw error
  }
}

async function inVolume({ attackedVolume }: Scene, finding: readonly string[]): Promise<void> {
  await runCommand(['find', attackedVolume, ...finding], { allowCodes: [0, 1] })
}

/** As a script does that has settings in its text; it stays until it was seen, and is gone before anything else is played. */
async function linesOfStartWith(secret: string): Promise<string[]> {
  const name = `SECRET_${randomBytes(2).toString('hex')}`
  const script = await spawnDetached(['sh', '-c', `${name}=${secret}; kill -STOP $$`], { logFile: '/dev/null' })
  try {
    return await commandLinesDuring(Promise.resolve())
  } finally {
    killQuietly(script.pid, 'SIGKILL')
    await waitForEnd(script, 60_000)
  }
}
