import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { firstAnswer, type Address } from '../asking.ts'
import { run, startService, type Service } from '../commands.ts'
import { makeGroup } from '../groups.ts'
import { copyApplication } from './application.ts'
import type { Peer } from './peer.ts'

/**
 * What piku and its kin do: copy the source, bring the virtual environment up to date when its requirements are newer,
 * start the server anew. Nothing is contained and nothing is in front.
 */
export async function hostPeer(parent: string, groupPath: string, port: number): Promise<Peer> {
  const group = await makeGroup(groupPath)
  const folder = await copyApplication({ parent, name: 'pushed' })
  const app = join(parent, 'served')
  const front: Address = { ip: '127.0.0.1', port, host: 'flask.localhost' }
  const environment = { PATH: '/usr/bin:/bin', HOME: parent, GREETING: 'hello', PIP_CERT: bundle }
  const options = { group, cwd: app, env: environment }
  let service: Service | undefined
  await mkdir(app)
  const stop = async () => service?.stop()
  const start = () => {
    service = startService(['venv/bin/gunicorn', '-b', `127.0.0.1:${port}`, 'webapp:app'], '/dev/null', options)
  }
  return {
    name: 'host',
    folder,
    front,
    group,
    programs: { host: [], helpers: [] },
    forget: () => rm(join(app, 'venv'), { recursive: true, force: true }),
    deploy: async () => {
      for (const name of ['webapp.py', 'requirements.txt']) await copyFile(join(folder, name), join(app, name))
      if (await isOutdated(app)) {
        await run(['python3', '-m', 'venv', 'venv'], options)
        await run(['venv/bin/pip', 'install', '--quiet', '--requirement', 'requirements.txt'], options)
        await run(['cp', 'requirements.txt', 'venv/installed.txt'], options)
      }
      await stop()
      start()
      await firstAnswer(front, performance.now())
    },
    stop,
    start: () => {
      const begun = performance.now()
      start()
      return firstAnswer(front, begun)
    },
    [Symbol.asyncDispose]: async () => {
      await stop()
      await group.remove()
    },
  }
}

const bundle = '/etc/ssl/certs/ca-certificates.crt'

async function isOutdated(app: string): Promise<boolean> {
  const installed = join(app, 'venv', 'installed.txt')
  const read = (path: string) => readFile(path, 'utf8').catch(() => undefined)
  return (await read(installed)) !== (await read(join(app, 'requirements.txt')))
}
