import { execFile } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A network of one machine beside this host, for what a build is to reach: it may reach no address of the host's own. */
export interface NetworkNamespace extends AsyncDisposable {
  /** For nsenter(1). */
  readonly path: string
  /** By which this host and its builds reach it. */
  readonly address: string
}

/** @param prefix meant for tests of networks (RFC 2544), so that no host has it; one for each kind of server */
export async function makeNetworkNamespace(prefix: '198.18' | '198.19'): Promise<NetworkNamespace> {
  const name = `berth-t${randomBytes(3).toString('hex')}`
  const [network, first] = [`${prefix}.${randomInt(256)}`, randomInt(64) * 4]
  const [own, address] = [`${network}.${first + 1}`, `${network}.${first + 2}`]
  const remove = async () => {
    // Its end of the pair takes the other one along.
    await run('ip', ['netns', 'delete', name]).catch(() => undefined)
  }
  try {
    await run('ip', ['netns', 'add', name])
    await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
    await run('ip', ['address', 'add', `${own}/30`, 'dev', name])
    await run('ip', ['link', 'set', name, 'up'])
    await run('ip', ['-netns', name, 'address', 'add', `${address}/30`, 'dev', 'eth0'])
    for (const link of ['lo', 'eth0']) await run('ip', ['-netns', name, 'link', 'set', link, 'up'])
  } catch (error) {
    await remove()
    throw error
  }
  return { path: `/run/netns/${name}`, address, [Symbol.asyncDispose]: remove }
}
