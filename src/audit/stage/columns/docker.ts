import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../../host/command.ts'
import { mkdir } from '../../../host/files.ts'
import { spawnDetached } from '../../../host/processes.ts'
import type { SceneApp } from './column.ts'
import type { Engine } from './engine.ts'
import { writableRoot } from './roots.ts'

const folder = '/run/docker-audit'

/** Where the scene's own daemon answers, as `DOCKER_HOST` has it. */
export const dockerAddress = `unix://${folder}/docker.sock`

export const docker: Engine = {
  name: 'docker-default',
  programs: [
    { program: 'docker', package: 'docker.io' },
    { program: 'dockerd', package: 'docker.io' },
  ],
  command: ['docker', '--host', dockerAddress],
  flags: [],
  prepare: () => startDocker(),
  image: async (app) => {
    const name = `audit-${app.role}`
    await importImage(app, name)
    return [name]
  },
}

/** Of what layers the image of each name is. */
const imported = new Map<string, string>()

/** The script is fixed; the folder, the daemon and the name are its arguments. */
const importing = 'tar -C "$1" --one-file-system -c . | docker --host "$2" import - "$3"'

/** The image of an application, in the daemon's store, once for as long as its layers are the same. */
export async function importImage(app: SceneApp, name: string): Promise<void> {
  const layers = app.layers.join(':')
  if (imported.get(name) === layers) return
  await runCommand(['sh', '-ec', importing, 'sh', await writableRoot(app), dockerAddress, name], {
    timeoutSeconds: 180,
  })
  imported.set(name, layers)
}

/**
 * An engine of the scene's own: the host's would know of the host.
 * @throws Error with its last words when it does not answer
 */
export async function startDocker(flags: readonly string[] = []): Promise<void> {
  await mkdir(folder, { recursive: true })
  const kept = ['--data-root', '/var/lib/scene-docker', '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/pid`]
  await spawnDetached(['dockerd', '--host', dockerAddress, ...kept, ...flags, '--log-level', 'error'], {
    logFile: '/var/lib/scene-dockerd.log',
  })
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await runCommand(['docker', '--host', dockerAddress, 'version'], { allowCodes: [0, 1] })
    if (answer.code === 0) return
    await sleep(200)
  }
  const said = await runCommand(['tail', '-n', '3', '/var/lib/scene-dockerd.log'])
  throw new Error(`dockerd does not answer: ${said.stdout.trim()}`)
}
