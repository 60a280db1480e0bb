import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { levelNames, type LevelName } from '../../src/model/levels.ts'
import { repository, type TestBerth } from '../../tests/e2e/test-berth.ts'
import { firstAnswer } from '../asking.ts'
import { attempt, run } from '../commands.ts'
import type { Group } from '../groups.ts'
import { awaitListener, innerPort, listeners } from '../listening.ts'
import { startToFirstAnswer } from './berth.ts'
import type { DockerDaemon } from './docker-daemon.ts'

/** One application at one level, or under a peer: what has been made ready, and is now started and stopped. */
export interface Starter {
  readonly name: string
  /** @returns seconds from the command to the first answer */
  readonly start: () => Promise<number>
  readonly stop: () => Promise<unknown>
}

/** What is the same in all: where berth is, and the groups in which an application may come to listen. */
export interface Stage {
  readonly berth: TestBerth
  readonly group: Group
}

/** Short, for podman allows the paths of its state 50 characters. */
function nameAt(example: string, level: LevelName): string {
  return `${example.slice(0, 1)}${levelNames.indexOf(level)}`
}

/** Deploys an example at a level, under a name of its own, and stops it. @throws why the host cannot give the level */
export async function atLevel({ berth, group }: Stage, example: string, level: LevelName): Promise<Starter> {
  const app = nameAt(example, level)
  const folder = await berth.folder(`examples/${example}`)
  const path = join(folder, 'berth.toml')
  const manifest = (await readFile(path, 'utf8').catch(() => '')).replace(/^name = .*$/m, '')
  await writeFile(path, `name = "${app}"\n${manifest}\n[isolation]\nlevel = "${level}"\n`)
  const { last } = await berth.events('deploy', folder)
  if (last.kind === 'problem') throw new Error(last.message)
  const stop = () => berth.ok('stop', app)
  await stop()
  const start = async () => {
    await berth.ok('start', app)
  }
  // What listens in gVisor, the host does not see: there the front is asked.
  const seen = level !== 'gvisor' && level !== 'vm'
  return {
    name: level,
    stop,
    start: seen ? () => startToFirstAnswer({ group }, berth, start) : () => startByFront(berth, app, start),
  }
}

async function startByFront({ instance }: TestBerth, app: string, start: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  const front = { ip: '127.0.0.1', port: instance.httpPort, host: `${app}.localhost` }
  const [seconds] = await Promise.all([firstAnswer(front, begun), start()])
  return seconds
}

const settings = ['--env', `PORT=${innerPort}`, '--env', 'GREETING=hello']

/** An archive of berth's image that docker and podman load. */
export async function archiveOf({ home }: TestBerth, example: string, parent: string): Promise<string> {
  const path = join(parent, `${example}.tar`)
  const image = `oci:${home}:${nameAt(example, 'container')}:v1`
  await run(['skopeo', 'copy', '--quiet', image, `docker-archive:${path}:${example}:latest`])
  return path
}

/** `docker run -d` of the same image. */
export async function byDocker(daemon: DockerDaemon, example: string, archive: string, port: number): Promise<Starter> {
  const { docker, group } = daemon
  await docker('load', '--input', archive)
  const published = ['--publish', `127.0.0.1:${port}:${innerPort}`]
  return {
    name: 'docker run',
    start: () =>
      timed(group, port, () => docker('run', '--detach', '--name', example, ...published, ...settings, example)),
    stop: async () => {
      await docker('stop', example)
      await docker('rm', example)
    },
  }
}

/** `podman run -d` of the same image, with storage of its own; its network is slirp4netns's, which needs no firewall rules. */
export async function byPodman(
  { folder, group }: { folder: string; group: Group },
  example: string,
  archive: string,
  port: number,
): Promise<Starter> {
  const state = ['root', 'runroot', 'tmpdir'].map((name) => `--${name}=${join(folder, name)}`)
  const podman = ['/usr/bin/podman', ...state, '--cgroup-manager=cgroupfs', '--events-backend=none']
  const loaded = await run([...podman, 'load', '--input', archive], { group })
  const image = /^Loaded image: (\S+)/m.exec(loaded)?.[1] ?? example
  const network = [
    '--network=slirp4netns',
    '--publish',
    `127.0.0.1:${port}:${innerPort}`,
    '--cgroups=disabled',
    '--ulimit=nofile=1024:1024',
    '--ulimit=nproc=1024:1024',
  ]
  const words = [...podman, 'run', '--pull=never', '--detach', '--name', example, ...network, ...settings, image]
  return {
    name: 'podman run',
    start: () => timed(group, port, () => run(words, { group, cwd: repository })),
    stop: async () => {
      await attempt([...podman, 'stop', example], { group })
      await run([...podman, 'rm', '--force', example], { group })
    },
  }
}

async function timed(group: Group, port: number, start: () => Promise<unknown>): Promise<number> {
  const before = await listeners(group)
  const begun = performance.now()
  const answered = awaitListener(group, before).then(() =>
    firstAnswer({ ip: '127.0.0.1', port, host: 'localhost' }, begun),
  )
  const [seconds] = await Promise.all([answered, start()])
  return seconds
}
