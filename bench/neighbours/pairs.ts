import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LevelName } from '../../src/model/levels.ts'
import { eventually, repository, type TestBerth } from '../../tests/e2e/test-berth.ts'
import type { Address } from '../asking.ts'
import { run } from '../commands.ts'
import { innerPort } from '../listening.ts'
import type { DockerDaemon } from '../peers/docker-daemon.ts'
import { isServing } from './attacks.ts'

/** An application that is attacked and its neighbour, under one deployer. */
export interface Pair extends AsyncDisposable {
  readonly name: string
  readonly attacked: Address
  readonly neighbour: Address
  /** Makes the attacked application serve again, where nothing else did. */
  readonly restart: () => Promise<unknown>
}

const volume = `
[isolation.volumes]
data = { path = "/data", size = "128M" }
`

/** Answers with a page, or writes a line to its volume first and waits until the disk has it. */
const neighbourSource = `import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def page():
    return "".join("line %d of a page\\n" % number for number in range(100))


@app.get("/ping")
def ping():
    return "here"


@app.get("/write")
def write():
    with open("/data/visits", "wb") as file:
        file.write(b"somebody came\\n")
        file.flush()
        os.fsync(file.fileno())
    return "written\\n"
`

/**
 * Deploys both at a level of berth's.
 * @throws Error when the host cannot give the level, and why
 */
export async function atLevel(berth: TestBerth, level: LevelName): Promise<Pair> {
  await deploy(berth, await attackedFolder(berth, level))
  await deploy(berth, await neighbourFolder(berth, level))
  const front = { ip: '127.0.0.1', port: berth.instance.httpPort }
  return {
    name: level,
    attacked: { ...front, host: 'attacked.localhost' },
    neighbour: { ...front, host: 'neighbour.localhost' },
    restart: () => berth.ok('restart', 'attacked'),
    [Symbol.asyncDispose]: async () => {
      for (const app of ['attacked', 'neighbour']) await berth.ok('destroy', app, '--yes', '--volumes')
    },
  }
}

async function deploy(berth: TestBerth, folder: string): Promise<void> {
  const { last } = await berth.events('deploy', folder)
  if (last.kind === 'problem') throw new Error(last.message)
}

async function attackedFolder(berth: TestBerth, level: LevelName): Promise<string> {
  const folder = await berth.folder('src/audit/app')
  await rewriteManifest(folder, level, 'attacked')
  return folder
}

async function neighbourFolder(berth: TestBerth, level: LevelName): Promise<string> {
  const folder = await berth.folder('examples/flask')
  await rewriteManifest(folder, level, 'neighbour')
  await writeFile(join(folder, 'webapp.py'), neighbourSource)
  return folder
}

async function rewriteManifest(folder: string, level: LevelName, name: string): Promise<void> {
  const path = join(folder, 'berth.toml')
  const manifest = (await readFile(path, 'utf8'))
    .replace(/^name = .*$/m, `name = "${name}"`)
    .replace('gunicorn -b', 'gunicorn --threads 8 -b')
  await writeFile(path, `${manifest}\n[isolation]\nlevel = "${level}"\n${volume}`)
}

/** The same images by `docker run`, with no flag that would hold them to anything, asked at their published ports. */
export async function byDocker(
  { docker }: DockerDaemon,
  archives: Archives,
  ports: readonly [number, number],
): Promise<Pair> {
  const names = ['attacked', 'neighbour'] as const
  const addresses = {
    attacked: { ip: '127.0.0.1', port: ports[0], host: 'localhost' },
    neighbour: { ip: '127.0.0.1', port: ports[1], host: 'localhost' },
  }
  for (const name of names) {
    await docker('load', '--input', archives[name])
    const published = ['--publish', `127.0.0.1:${addresses[name].port}:${innerPort}`]
    const settings = ['--volume', '/data', '--env', `PORT=${innerPort}`, '--env', 'GREETING=hello']
    await docker('run', '--detach', '--name', name, ...published, ...settings, name)
    // The image has no such directory, so Docker makes it root's.
    await docker('exec', '--user', '0', name, 'chmod', '777', '/data')
    await eventually(`${name} answers`, () => isServing(addresses[name]), 120)
  }
  return {
    name: 'docker run',
    ...addresses,
    restart: () => docker('restart', '--time', '1', 'attacked'),
    [Symbol.asyncDispose]: () => docker('rm', '--force', '--volumes', ...names).then(() => undefined),
  }
}

type Archives = Readonly<Record<'attacked' | 'neighbour', string>>

/** The images of a pair that berth has deployed, as archives that docker loads. */
export async function archivesOf({ home }: TestBerth, folder: string): Promise<Archives> {
  const archive = async (name: string) => {
    const path = join(folder, `${name}.tar`)
    await run(['skopeo', 'copy', '--quiet', `oci:${home}:${name}:v1`, `docker-archive:${path}:${name}:latest`], {
      cwd: repository,
    })
    return path
  }
  return { attacked: await archive('attacked'), neighbour: await archive('neighbour') }
}
