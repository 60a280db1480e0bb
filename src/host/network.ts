import { networkInterfaces } from 'node:os'
import { CommandFailed, runCommand } from './command.ts'
import { exists, hasCode, readdir, readText } from './files.ts'
import type { Instance } from './instance.ts'

/** The pairs of interfaces that lead to sandboxes, and the rules that fence them in. */

/** The name of a sandbox's interface on the host, from the last three bytes of its address: 15 characters at most. */
export function interfaceName(instance: Instance, hostAddress: string): string {
  const bytes = hostAddress
    .split('.')
    .slice(1)
    .map((part) => Number(part).toString(16).padStart(2, '0'))
  return `${instance.interfacePrefix}-${bytes.join('')}`
}

/** An IPv4 /31 (RFC 3021): the host's end and the sandbox's. */
export interface AddressPair {
  readonly hostAddress: string
  readonly sandboxAddress: string
}

/**
 * Joins the network namespace of a process to the host by a pair of interfaces. There is no default route: the sandbox
 * has a way to the host's end of its pair and nowhere else. The alias of the host's end tells a later berth whose it
 * is. (Making one end inside at once takes a third of the time that moving it there takes.)
 *
 * The sandbox's end is up before the host has a route to it: who asks for it earlier is refused at once, where he would
 * wait a second for an answer to his ARP request otherwise.
 */
export async function connectNetwork(
  instance: Instance,
  { id, pid, pair }: { readonly id: string; readonly pid: number; readonly pair: AddressPair },
): Promise<void> {
  const name = interfaceName(instance, pair.hostAddress)
  const inside = [
    `link add eth0 type veth peer name ${name} netns ${process.pid}`,
    `address add ${pair.sandboxAddress}/31 dev eth0`,
    'link set dev eth0 up',
  ]
  await runBatch(inside, inNetworkOf(pid, ipBatch))
  await runBatch([
    // Without IPv6 there is nothing to set, and the attempt would fail.
    ...((await exists('/proc/sys/net/ipv6')) ? [`link set dev ${name} addrgenmode none`] : []),
    `link set dev ${name} alias ${id}`,
    `link set dev ${name} up`,
    `address add ${pair.hostAddress}/31 dev ${name}`,
  ])
}

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

/** Removes the interfaces of a sandbox, if there are any. The other end goes with them. */
export async function removeInterfaces(instance: Instance, id: string): Promise<void> {
  const interfaces = (await sandboxInterfaces(instance)).filter((found) => found.id === id)
  for (const { name } of interfaces)
    // It may vanish at any moment, together with the namespace that its other end is in.
    await runCommand(['ip', 'link', 'delete', 'dev', name], { allowCodes: [0, 1] })
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

/** The rules that fence in every sandbox of an instance, as nft(8) reads them. Loading them again changes nothing. */
export function hostRules({ name, interfacePrefix }: Pick<Instance, 'name' | 'interfacePrefix'>): string {
  const sandboxes = `"${interfacePrefix}-*"`
  // Refused, not dropped: a name lookup or a connection that may not be fails at once instead of after seconds.
  return `table inet ${name} { }
delete table inet ${name}
table inet ${name} {
  chain incoming {
    type filter hook input priority -10; policy accept;
    iifname ${sandboxes} ct state established accept
    iifname ${sandboxes} meta l4proto tcp reject with tcp reset
    iifname ${sandboxes} reject
  }
  chain passing {
    type filter hook forward priority -10; policy accept;
    iifname ${sandboxes} drop
    oifname ${sandboxes} drop
  }
}
`
}

export async function ensureHostRules(instance: Instance): Promise<void> {
  await runCommand(['nft', '-f', '-'], { input: hostRules(instance) })
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
