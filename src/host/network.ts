import { networkInterfaces } from 'node:os'
import { CommandFailed, runCommand } from './command.ts'
import { exists, hasCode, readdir, readText } from './files.ts'
import type { Instance } from './instance.ts'
import { grant, revoke } from './network-fence.ts'
import { interfaceName } from './network-names.ts'
import { boundInterface } from './network-shaping.ts'
import type { Network } from '../model/sandbox.ts'

export { ensureHostRules } from './network-fence.ts'
export { interfaceName } from './network-names.ts'

/** The pairs of interfaces that lead to sandboxes. */

/** An IPv4 /31 (RFC 3021): the host's end and the sandbox's. */
export interface AddressPair {
  readonly hostAddress: string
  readonly sandboxAddress: string
}

/** What a sandbox is joined to the host by. */
export interface Joining {
  readonly id: string
  /** A process in the network namespace of the sandbox. */
  readonly pid: number
  readonly pair: AddressPair
  readonly network?: Network | undefined
}

/**
 * Joins the network namespace of a process to the host by a pair of interfaces. The alias of the host's end tells a
 * later berth whose it is. (Making one end inside at once takes a third of the time that moving it there takes.)
 *
 * All that the sandbox sends goes to the host's end of its pair, also what it may not reach: there it is refused at
 * once and told of. Nothing is granted before everything else is in place.
 *
 * The sandbox's end is up before the host has a route to it: who asks for it earlier is refused at once, where he would
 * wait a second for an answer to his ARP request otherwise.
 */
export async function connectNetwork(instance: Instance, joining: Joining): Promise<void> {
  const { id, pair, network } = joining
  const name = interfaceName(instance, pair.hostAddress)
  await makePair(joining, name).catch(async (error: unknown) => {
    // With its namespace it would go some time later. One that was there before is another sandbox's.
    if (['', id].includes(await aliasOf(name))) await deleteInterface(name)
    throw error
  })
  if (!network || network.egress.length + network.links.length === 0) return
  const { egress, links } = network
  await grant(instance, { id, interfaceName: name, address: pair.sandboxAddress, egress, links })
}

async function makePair(joining: Joining, name: string): Promise<void> {
  const { id, pid, pair, network } = joining
  const inside = [
    `link add eth0 type veth peer name ${name} netns ${process.pid}`,
    `address add ${pair.sandboxAddress}/31 dev eth0`,
    'link set dev eth0 up',
    ...(network ? [`route add default via ${pair.hostAddress} dev eth0`] : []),
  ]
  await runBatch(inside, inNetworkOf(pid, ipBatch))
  const outside = [
    // Without IPv6 there is nothing to set, and the attempt would fail.
    ...((await exists('/proc/sys/net/ipv6')) ? [`link set dev ${name} addrgenmode none`] : []),
    `link set dev ${name} alias ${id}`,
    `link set dev ${name} up`,
    `address add ${pair.hostAddress}/31 dev ${name}`,
  ]
  await together([runBatch(outside), ...(network ? bound(joining, name, network) : [])])
}

/** Both ways, each where it begins. */
function bound({ pid }: Joining, name: string, { bandwidth }: Network): Promise<void>[] {
  return [boundInterface(name, bandwidth), boundInterface('eth0', bandwidth, inNetworkOf(pid, []))]
}

/** Waits for all of them, also when one fails, so that nothing is still being made while the failure is cleaned up. */
async function together(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work)
  await Promise.all(work)
}

/** A command line for a process's network namespace. */
function inNetworkOf(pid: number, argv: readonly string[]): [string, ...string[]] {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, ...argv]
}

/** Leads connections to port 80 of a sandbox to the port that its application listens on. */
export async function redirectPort(pid: number, port: number): Promise<void> {
  const rules = `table ip berth {
    chain incoming { type nat hook prerouting priority -100; tcp dport 80 redirect to :${port}; }
  }`
  await runCommand(inNetworkOf(pid, ['nft', '-f', '-']), { input: rules })
}

/** Removes the interfaces of a sandbox, if there are any, and what it may reach. The other ends go with them. */
export async function removeInterfaces(instance: Instance, id: string): Promise<void> {
  const interfaces = (await sandboxInterfaces(instance)).filter((found) => found.id === id)
  for (const { name } of interfaces) await deleteInterface(name)
  await revoke(instance, id)
}

/** It may vanish at any moment, together with the namespace that its other end is in. */
async function deleteInterface(name: string): Promise<void> {
  const tried = await runCommand(['ip', 'link', 'delete', 'dev', name], { allowCodes: [0, 1, 2] })
  // 1: there is none of that name; 2: the kernel refused, also when it went between the look and the deletion.
  if (tried.code === 2 && (await exists(`/sys/class/net/${name}`))) throw new Error(tried.stderr.trim())
}

/** The interfaces of this instance on the host, with the sandbox each was made for. */
export async function sandboxInterfaces(instance: Instance): Promise<{ name: string; id: string }[]> {
  const names = await readdir('/sys/class/net').catch(() => Object.keys(networkInterfaces()))
  const own = names.filter((name) => name.startsWith(`${instance.interfacePrefix}-`))
  return Promise.all(own.map(async (name) => ({ name, id: await aliasOf(name) })))
}

/** Empty for an interface without one, and for one that vanishes while it is looked at. */
async function aliasOf(name: string): Promise<string> {
  const alias = await readText(`/sys/class/net/${name}/ifalias`).catch((error: unknown) => {
    if (hasCode(error, 'ENODEV')) return undefined
    throw error
  })
  return (alias ?? '').trim()
}

/**
 * Writes kernel settings, such as `user/max_net_namespaces=0`, as root of the user namespace of a process.
 * The script is fixed and gets the settings as arguments; nothing is ever put into its text.
 */
export async function setInUserNamespace(pid: number, settings: readonly string[]): Promise<void> {
  const enter = ['--target', String(pid), '--user', '--setuid', '0', '--setgid', '0']
  await runCommand(['nsenter', ...enter, 'sh', '-ec', writeSettings, 'sh', ...settings])
}

const writeSettings = 'for setting do echo "${setting#*=}" > "/proc/sys/${setting%%=*}"; done'

const ipBatch = ['ip', '-batch', '-'] as const

async function runBatch(lines: readonly string[], argv: readonly [string, ...string[]] = ipBatch): Promise<void> {
  try {
    await runCommand(argv, { input: `${lines.join('\n')}\n` })
  } catch (error) {
    if (error instanceof CommandFailed) throw new Error(`${error.message} (of: ${lines.join('; ')})`, { cause: error })
    throw error
  }
}
