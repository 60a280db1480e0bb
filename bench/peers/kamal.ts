import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { attempt, run, startService } from '../commands.ts'
import { copyApplication } from './application.ts'
import type { DockerDaemon } from './docker-daemon.ts'
import { buildArguments, dockerPrograms } from './docker.ts'
import { innerPort } from '../listening.ts'
import type { Peer } from './peer.ts'

/** `docker build`, a new container beside the old, and kamal-proxy to switch when it is healthy; then the old one ends. */
export async function kamalPeer(daemon: DockerDaemon, parent: string, ports: readonly [number, number]): Promise<Peer> {
  const program = await kamalProxy()
  const folder = await copyApplication({ parent, name: 'switched' })
  const env = { ...daemon.environment, HOME: parent, XDG_RUNTIME_DIR: parent, XDG_CONFIG_HOME: parent }
  const options = { group: daemon.group, env }
  const [httpPort, httpsPort] = ports
  const proxy = startService(
    [program, 'run', '--http-port', String(httpPort), '--https-port', String(httpsPort)],
    '/dev/null', // its access log is no part of what is compared
    options,
  )
  await sleep(500)
  const { docker } = daemon
  const state = { cold: 0, number: 0 }
  const switchTo = (address: string) =>
    run(
      [
        ...[program, 'deploy', 'flask', '--target', `${address}:${innerPort}`, '--health-check-path', '/'],
        ...['--health-check-interval', '100ms', '--drain-timeout', '5s'],
      ],
      options,
    )
  return {
    name: 'kamal-proxy',
    folder,
    front: { ip: '127.0.0.1', port: httpPort, host: 'flask.localhost' },
    group: daemon.group,
    programs: { ...dockerPrograms, host: [...dockerPrograms.host, 'kamal-proxy'] },
    forget: () => Promise.resolve(void (state.cold += 1)),
    deploy: async () => {
      await docker(...buildArguments('switched', state.cold), folder)
      state.number += 1
      const container = `switched-${state.number}`
      await docker('run', '--detach', '--name', container, 'switched')
      const address = await docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', container)
      await switchTo(address.trim())
      await docker('rm', '--force', `switched-${state.number - 1}`).catch(() => '') // the first time there is none
    },
    [Symbol.asyncDispose]: () => proxy.stop(),
  }
}

const version = 'v0.9.2'

/** kamal-proxy from the Go module proxy, built once and kept. @throws when it cannot be had */
async function kamalProxy(): Promise<string> {
  const folder = '/var/cache/berth/bench/kamal-proxy'
  const program = join(folder, 'kamal-proxy')
  const isThere = await access(program).then(
    () => true,
    () => false,
  )
  if (isThere) return program
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // As a dependency, because `go install` also wants the list of all versions.
  await writeFile(join(folder, 'go.mod'), `module bench\ngo 1.22\nrequire github.com/basecamp/kamal-proxy ${version}\n`)
  const go = (await attempt(['sh', '-c', 'command -v go'])).trim() || '/usr/local/go/bin/go'
  const build = [go, 'build', '-o', program, 'github.com/basecamp/kamal-proxy/cmd/kamal-proxy']
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOPATH: join(folder, 'go'), GOCACHE: join(folder, 'cache') }
  await run(['timeout', '300', ...build], { cwd: folder, env })
  return program
}
