import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../../host/command.ts'
import { mkdir, rm } from '../../../host/files.ts'
import { mountOverlay } from '../../../host/mounts.ts'
import { spawnDetached } from '../../../host/processes.ts'
import { findProgram } from '../../../host/programs.ts'
import { places } from '../places.ts'
import type { Column, RunningApp, SceneApp } from './column.ts'

/** What an engine gives that is only told to run an image: no flag that would seal anything. */
interface Engine {
  readonly name: string
  readonly programs: readonly { readonly program: string; readonly package: string }[]
  /** The command line up to its verb. */
  readonly command: readonly [string, ...string[]]
  /** Flags without which it does not run in a container, none of them about isolation. */
  readonly flags: readonly string[]
  prepare(): Promise<void>
  /** The image, as an argument or two. */
  image(app: SceneApp): Promise<readonly string[]>
}

export function engineColumn(engine: Engine): Column {
  const run = (...args: readonly string[]) => runCommand([...engine.command, ...args], { timeoutSeconds: 180 })
  const made = new Set<string>()
  return {
    name: engine.name,
    kind: 'comparison',
    hasOwnKernel: false,
    missing: () => missingOf(engine),
    prepare: () => engine.prepare(),
    start: async (app) => {
      if (made.has(app.role)) await run('start', app.role)
      else await run('run', '--detach', '--name', app.role, ...engine.flags, ...(await argumentsOf(engine, app)))
      made.add(app.role)
      return runningOf(app, (await run('inspect', app.role)).stdout)
    },
    stop: async ({ role }) => {
      if (made.has(role)) await run('stop', '--time', '1', role)
    },
    renew: async ({ role }) => {
      made.delete(role)
      await run('rm', '--force', role)
    },
  }
}

async function missingOf({ programs }: Engine): Promise<string[]> {
  const found = await Promise.all(
    programs.map(async ({ program, package: name }) =>
      (await findProgram(program)) === undefined ? [`\`${program}\` is missing: apt-get install ${name}`] : [],
    ),
  )
  return found.flat()
}

async function argumentsOf(engine: Engine, app: SceneApp): Promise<string[]> {
  const volume = volumeFor(app)
  await mkdir(volume, { recursive: true })
  const environment = Object.entries({ ...app.env, PORT: String(app.port) }).flatMap(([name, value]) => [
    '--env',
    `${name}=${value}`,
  ])
  const rest = ['--volume', `${volume}:${places.volume}`, '--workdir', app.workdir, ...environment]
  return [...rest, ...(await engine.image(app)), ...app.argv]
}

function volumeFor({ role }: SceneApp): string {
  return `${places.work}/volumes/${role}`
}

interface Inspected {
  readonly State: { readonly Pid: number }
  readonly LogPath?: string
  readonly HostConfig?: { readonly LogConfig?: { readonly Path?: string } }
  readonly NetworkSettings: { readonly IPAddress: string; readonly Gateway: string }
}

function runningOf(app: SceneApp, text: string): RunningApp {
  const [found] = JSON.parse(text) as readonly Inspected[] // the engine's own answer
  if (!found) throw new Error('the engine knows nothing of what it has started')
  const log = found.HostConfig?.LogConfig?.Path ?? found.LogPath
  return {
    ...{ address: found.NetworkSettings.IPAddress, port: app.port, pid: found.State.Pid },
    ...{ gateway: found.NetworkSettings.Gateway, code: `${app.workdir}/webapp.py` },
    ...{ volume: places.volume, volumeOnHost: volumeFor(app) },
    ...(log === undefined || log === '' ? {} : { log }),
  }
}

/** crun asks for the host's console, which the outer container has not. */
const podmanInContainer = ['--cgroup-manager', 'cgroupfs', '--runtime', 'runc', '--events-backend', 'file']

export const podman: Engine = {
  name: 'podman-default',
  programs: [{ program: 'podman', package: 'podman' }],
  command: ['podman', '--root', '/var/lib/scene-podman', '--runroot', '/run/podman-audit', ...podmanInContainer],
  flags: ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096', '--log-driver', 'k8s-file'],
  prepare: () => Promise.resolve(),
  image: async (app) => ['--rootfs', await writableRoot(app)],
}

export const docker: Engine = {
  name: 'docker-default',
  programs: [
    { program: 'docker', package: 'docker.io' },
    { program: 'dockerd', package: 'docker.io' },
  ],
  command: ['docker', '--host', 'unix:///run/docker-audit/docker.sock'],
  flags: [],
  prepare: startDocker,
  image: async (app) => {
    await importImage(app)
    return [`audit-${app.role}`]
  },
}

/** The layers, and one on top that keeps what is written. */
async function writableRoot({ role, layers }: SceneApp): Promise<string> {
  const folder = `${places.work}/roots/${role}`
  await runCommand(['umount', '--lazy', `${folder}/root`], { allowCodes: [0, 1, 32] })
  await rm(folder, { recursive: true, force: true })
  for (const name of ['root', 'upper', 'work']) await mkdir(`${folder}/${name}`, { recursive: true })
  const lower = [...layers].reverse().join(':')
  const options = `lowerdir=${lower},upperdir=${folder}/upper,workdir=${folder}/work`
  await mountOverlay({ source: 'audit', target: `${folder}/root`, options })
  return `${folder}/root`
}

const imported = new Set<string>()

/** The script is fixed; the folder and the name are its arguments. */
const importing =
  'tar -C "$1" --one-file-system -c . | docker --host unix:///run/docker-audit/docker.sock import - "$2"'

async function importImage(app: SceneApp): Promise<void> {
  if (imported.has(app.role)) return
  await runCommand(['sh', '-ec', importing, 'sh', await writableRoot(app), `audit-${app.role}`], {
    timeoutSeconds: 180,
  })
  imported.add(app.role)
}

/** An engine of the scene's own: the host's would know of the host. */
async function startDocker(): Promise<void> {
  await mkdir('/run/docker-audit', { recursive: true })
  const socket = '/run/docker-audit/docker.sock'
  const places = [
    '--data-root',
    '/var/lib/scene-docker',
    '--exec-root',
    '/run/docker-audit/exec',
    '--pidfile',
    '/run/docker-audit/pid',
  ]
  await spawnDetached(['dockerd', '--host', `unix://${socket}`, ...places, '--log-level', 'error'], {
    logFile: '/var/lib/scene-dockerd.log',
  })
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await runCommand(['docker', '--host', `unix://${socket}`, 'version'], { allowCodes: [0, 1] })
    if (answer.code === 0) return
    await sleep(200)
  }
  const said = await runCommand(['tail', '-n', '3', '/var/lib/scene-dockerd.log'])
  throw new Error(`dockerd does not answer: ${said.stdout.trim()}`)
}
