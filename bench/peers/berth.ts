import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathsOf } from '../../src/host/instance.ts'
import { hexOf, type Digest } from '../../src/model/names.ts'
import { repository, TestBerth } from '../../tests/e2e/test-berth.ts'
import { firstAnswer } from '../asking.ts'
import { run } from '../commands.ts'
import { makeGroup } from '../groups.ts'
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
    programs: { host: ['node', 'MainThread', 'caddy', 'dnsmasq'], helpers: ['conmon', 'tini', 'tini-static'] },
    forget: () => forgetLayers(berth),
    deploy: () => command('deploy', folder),
    stop: () => command('stop', 'flask'),
    start: () => startToFirstAnswer(berth, command),
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

async function startToFirstAnswer(berth: TestBerth, command: (...args: string[]) => Promise<void>): Promise<number> {
  const begun = performance.now()
  const answered = newAddress(berth).then((ip) => firstAnswer({ ip, port: 8000, host: 'flask.localhost' }, begun))
  const [seconds] = await Promise.all([answered, command('start', 'flask')])
  return seconds
}

/** Which address the sandbox has that is being started, as soon as the host has a route to it. Nothing else runs. */
async function newAddress({ instance }: TestBerth): Promise<string> {
  for (let look = 0; look < 5000; look += 1) {
    const routes = (await readFile('/proc/net/route', 'utf8')).split('\n').map((line) => line.split('\t'))
    const network = routes.find(([name]) => name?.startsWith(instance.interfacePrefix))?.[1]
    if (network !== undefined) return sandboxAddress(network)
    await sleep(2)
  }
  throw new Error('no sandbox was started')
}

/** The upper of a pair's two addresses; the kernel writes them in hexadecimal, the last byte first. */
function sandboxAddress(network: string): string {
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(network.slice(at, at + 2), 16))
  return bytes.map((byte, index) => (index === 3 ? byte | 1 : byte)).join('.')
}
