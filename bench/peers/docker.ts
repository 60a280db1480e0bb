import { firstAnswer, type Address } from '../asking.ts'
import { copyApplication } from './application.ts'
import { awaitListener, listeners } from '../listening.ts'
import type { DockerDaemon } from './docker-daemon.ts'
import type { Peer } from './peer.ts'

/** Names of dockerd's processes, as the kernel cuts them. */
export const dockerPrograms = { host: ['dockerd', 'containerd'], helpers: ['containerd-shim', 'docker-proxy'] }

/** `docker build`, then the old container is stopped and a new one run. */
export async function dockerPeer(daemon: DockerDaemon, parent: string, port: number): Promise<Peer> {
  const folder = await copyApplication({ parent, name: 'plain' })
  const front: Address = { ip: '127.0.0.1', port, host: 'flask.localhost' }
  const { docker } = daemon
  let cold = 0
  const runContainer = () =>
    docker('run', '--detach', '--name', 'plain', '--publish', `127.0.0.1:${port}:8000`, 'plain')
  const stop = async () => {
    await docker('stop', 'plain').catch(() => '') // the first time there is none
    await docker('rm', '--force', 'plain').catch(() => '')
  }
  return {
    name: 'docker run',
    folder,
    front,
    group: daemon.group,
    storage: daemon.storage,
    programs: dockerPrograms,
    forget: () => Promise.resolve(void (cold += 1)),
    deploy: async () => {
      await docker(...buildArguments('plain', cold), folder)
      await stop()
      await runContainer()
    },
    stop,
    start: async () => {
      const before = await listeners(daemon.group)
      const begun = performance.now()
      const answered = awaitListener(daemon.group, before).then(() => firstAnswer(front, begun))
      const [seconds] = await Promise.all([answered, runContainer()])
      return seconds
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** @param cold When it is another number than before, every layer but the base is built anew; cache mounts stay. */
export function buildArguments(image: string, cold: number): string[] {
  return ['build', '--quiet', '--network', 'host', '--tag', image, '--build-arg', `COLD=${image}-${cold}`]
}
