import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathsOf } from '../../src/host/instance.ts'
import { hexOf, type Digest } from '../../src/model/names.ts'
import { repository, TestBerth } from '../../tests/e2e/test-berth.ts'
import { firstAnswer } from '../asking.ts'
import { run } from '../commands.ts'
import { makeGroup } from '../groups.ts'
import { awaitListener, innerPort, listeners } from '../listening.ts'
import type { Peer } from './peer.ts'

/** berth itself, with a home, ports and a daemon of its own. */
export async function berthPeer(groupPath: string): Promise<Peer> {
  const berth = await TestBerth.create()
  const group = await makeGroup(groupPath, [`/${berth.instance.name}`])
  const folder = await berth.folder('examples/flask')
  const command = async (...args: string[]) => {
    await run([join(repository, 'berth'), ...args], { group, cwd: repository, env: berth.environment })
  }
  return {
    name: 'berth',
    folder,
    front: { ip: '127.0.0.1', port: berth.instance.httpPort, host: 'flask.localhost' },
    group,
    storage: berth.home,
    programs: { host: ['node', 'MainThread', 'caddy', 'dnsmasq'], helpers: ['conmon', 'init'] },
    forget: () => forgetLayers(berth),
    deploy: () => command('deploy', folder),
    stop: () => command('stop', 'flask'),
    start: () => startToFirstAnswer({ group }, berth, () => command('start', 'flask')),
    [Symbol.asyncDispose]: async () => {
      await berth[Symbol.asyncDispose]()
      await group.remove()
    },
  }
}

/**
 * Forgets every layer but the base: what is known of it, the unpacked tree and the archive. The Debian packages and what
 * the archive answered stay, as do docker's cache mounts. pip's downloads are not kept between builds.
 */
async function forgetLayers({ home, instance }: TestBerth): Promise<void> {
  const { layers, blobs } = pathsOf(instance)
  const records = join(home, 'cache', 'layers')
  const forgotten = join(home, 'forgotten')
  await rm(forgotten, { recursive: true, force: true })
  await mkdir(forgotten)
  for (const name of await readdir(records).catch(() => [])) {
    // Written by this very tree's berth.
    const record = JSON.parse(await readFile(join(records, name), 'utf8')) as { standsOn: string[]; diffId: Digest }
    if (record.standsOn.length === 0) continue
    const hex = hexOf(record.diffId)
    await rm(join(records, name))
    await rm(join(blobs, hex), { force: true })
    // A running sandbox may stand on the tree, so it is moved out of the way and not emptied.
    await rename(join(layers, hex), join(forgotten, hex)).catch(() => undefined)
  }
}

/** Starts its only application that will run. @returns seconds from the command to the first answer on the sandbox's port */
export async function startToFirstAnswer(peer: Pick<Peer, 'group'>, berth: TestBerth, start: () => Promise<void>) {
  const before = await listeners(peer.group)
  const begun = performance.now()
  const answered = awaitListener(peer.group, before)
    .then(() => newAddress(berth))
    .then((ip) => firstAnswer({ ip, port: innerPort, host: 'flask.localhost' }, begun))
  const [seconds] = await Promise.all([answered, start()])
  return seconds
}

/** The address of the only sandbox that runs, by the host's route to it. */
async function newAddress({ instance }: TestBerth): Promise<string> {
  const routes = (await readFile('/proc/net/route', 'utf8')).split('\n').map((line) => line.split('\t'))
  const network = routes.find(([name]) => name?.startsWith(instance.interfacePrefix))?.[1]
  if (network === undefined) throw new Error('the host has no route to a sandbox')
  return sandboxAddress(network)
}

/** The upper of a pair's two addresses; the kernel writes them in hexadecimal, the last byte first. */
function sandboxAddress(network: string): string {
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(network.slice(at, at + 2), 16))
  return bytes.map((byte, index) => (index === 3 ? byte | 1 : byte)).join('.')
}
