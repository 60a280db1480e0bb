import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { attempt, run } from '../commands.ts'
import { copyApplication } from './application.ts'
import type { DockerDaemon } from './docker-daemon.ts'
import { dockerPrograms } from './docker.ts'
import type { Peer } from './peer.ts'

/** `docker-compose up --build --detach`. */
export async function composePeer(daemon: DockerDaemon, parent: string, port: number): Promise<Peer> {
  const folder = await copyApplication({ parent, name: 'composed' })
  const describe = (cold: number) => writeFile(join(folder, 'docker-compose.yml'), composeFile(port, cold))
  let cold = 0
  await describe(cold)
  const options = { group: daemon.group, cwd: folder, env: daemon.environment }
  return {
    name: 'compose',
    folder,
    front: { ip: '127.0.0.1', port, host: 'flask.localhost' },
    group: daemon.group,
    programs: dockerPrograms,
    forget: () => describe((cold += 1)),
    deploy: async () => {
      await run(['docker-compose', 'up', '--build', '--detach'], options)
    },
    [Symbol.asyncDispose]: async () => {
      await attempt(['docker-compose', 'down'], options)
    },
  }
}

function composeFile(port: number, cold: number): string {
  return `version: '3.4'
services:
  flask:
    build:
      context: .
      network: host
      args: { COLD: 'composed-${cold}' }
    ports: ['127.0.0.1:${port}:8000']
`
}
