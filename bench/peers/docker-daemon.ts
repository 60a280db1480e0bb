import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { attempt, run, startService } from '../commands.ts'
import { makeGroup, type Group } from '../groups.ts'

/** A docker daemon of the benchmark's own. */
export interface DockerDaemon extends AsyncDisposable {
  readonly group: Group
  /** Where it keeps images and containers. */
  readonly storage: string
  /** Runs `docker` in its group. */
  readonly docker: (...args: string[]) => Promise<string>
  /** For docker-compose, which calls docker itself. */
  readonly environment: NodeJS.ProcessEnv
}

const hostCertificates = '/etc/ssl/certs/ca-certificates.crt'
/** What this machine trusts, in the base image: pip inside trusts it too, and copying it is no part of what is timed. */
export const certificatesInside = '/etc/host-certificates.pem'

/** The base image, made without a hub; berth makes its own likewise. */
export const baseImage = 'berth-bench-base'

/**
 * Starts Debian's dockerd with everything of its own: storage, sockets, bridge, control groups. It makes no firewall
 * rules (`--iptables=false`), which would change the host's policy for everybody; published ports on loopback go through
 * its own proxy, as they do with rules. A container's start takes a little less time so.
 */
export async function startDocker(folder: string, groupPath: string, baseArchive: string): Promise<DockerDaemon> {
  const group = await makeGroup(groupPath)
  const socket = `unix://${join(folder, 'docker.sock')}`
  const storage = join(folder, 'docker')
  const bridge = `bench${process.pid}`
  const environment = {
    ...process.env,
    // Debian's own command comes first: another on the machine may have no BuildKit.
    PATH: '/usr/bin:/usr/sbin:/bin:/sbin',
    HOME: folder,
    DOCKER_HOST: socket,
    DOCKER_BUILDKIT: '1',
    COMPOSE_DOCKER_CLI_BUILD: '1',
    BUILDKIT_PROGRESS: 'plain',
  }
  await mkdir(storage, { recursive: true })
  await makeBridge(bridge)
  const service = startService(
    [
      ...['dockerd', '--data-root', storage, '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
      ...['-H', socket, '--bridge', bridge, '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
      ...['--cgroup-parent', `${group.path}/containers`, '--storage-driver', 'overlay2'],
    ],
    join(folder, 'dockerd.log'),
    { group, env: environment },
  )
  const daemon: DockerDaemon = {
    group,
    storage,
    environment,
    docker: (...args) => run(['docker', ...args], { group, env: environment }),
    [Symbol.asyncDispose]: async () => {
      const containers = (await attempt(['docker', 'ps', '--all', '--quiet'], { env: environment })).split('\n')
      await attempt(['docker', 'rm', '--force', ...containers.filter(Boolean)], { env: environment })
      await attempt(['docker', 'network', 'prune', '--force'], { env: environment })
      await service.stop()
      await group.remove()
      await attempt(['ip', 'link', 'delete', bridge])
      await unmountBelow(folder)
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await waitUntilReady(daemon, folder)
    await daemon.docker('import', baseArchive, baseImage)
  } catch (error) {
    await daemon[Symbol.asyncDispose]()
    throw error
  }
  return daemon
}

async function makeBridge(name: string): Promise<void> {
  await run(['ip', 'link', 'add', name, 'type', 'bridge'])
  await run(['ip', 'address', 'add', `10.${100 + (process.pid % 90)}.77.1/24`, 'dev', name])
  await run(['ip', 'link', 'set', name, 'up'])
}

async function waitUntilReady({ docker }: DockerDaemon, folder: string): Promise<void> {
  for (let look = 0; look < 300; look += 1) {
    if (await docker('version').catch(() => undefined)) return
    await sleep(100)
  }
  throw new Error(`dockerd does not start:\n${(await readFile(join(folder, 'dockerd.log'), 'utf8')).slice(-2000)}`)
}

async function unmountBelow(folder: string): Promise<void> {
  const points = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4] ?? '')
  for (const point of points.reverse()) {
    if (point.startsWith(`${folder}/`)) await attempt(['umount', '--lazy', point])
  }
}

/** Installs Debian's docker where it is missing, without starting its service. */
export async function installDocker(): Promise<void> {
  const wanted = { dockerd: 'docker.io', 'docker-compose': 'docker-compose', mmdebstrap: 'mmdebstrap' }
  const missing: string[] = []
  for (const [program, debian] of Object.entries(wanted)) {
    if (!(await attempt(['sh', '-c', `PATH=$PATH:/usr/sbin command -v ${program}`]))) missing.push(debian)
  }
  if (missing.length === 0) return
  const policy = '/usr/sbin/policy-rc.d'
  const hadPolicy = await access(policy).then(
    () => true,
    () => false,
  )
  if (!hadPolicy) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await run(['apt-get', 'update', '-q'])
    const install = ['apt-get', 'install', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120']
    await run([...install, ...missing], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  } finally {
    if (!hadPolicy) await rm(policy)
  }
}

/** A Debian tree as an archive, made once and kept; its making is not measured. */
export async function debianArchive(suite: 'bullseye' | 'bookworm' = 'bookworm'): Promise<string> {
  const folder = '/var/cache/berth/bench'
  const path = join(folder, `${suite}.tar`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (isThere) return path
  // Not where Debian has its own, for a package that the build installs writes that anew.
  const copyIn = `--customize-hook=cp ${hostCertificates} "$1${certificatesInside}"`
  await run(['mmdebstrap', '--variant=minbase', '--format=tar', copyIn, suite, `${path}.new.tar`])
  await run(['mv', `${path}.new.tar`, path])
  return path
}
