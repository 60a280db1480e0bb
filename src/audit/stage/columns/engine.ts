import { runCommand } from '../../../host/command.ts'
import { mkdir } from '../../../host/files.ts'
import { findProgram } from '../../../host/programs.ts'
import { places } from '../places.ts'
import type { Column, RunningApp, SceneApp } from './column.ts'
import { writableRoot } from './roots.ts'

/** What an engine gives that is only told to run an image: no flag that would seal anything. */
export interface Engine {
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
