import { runCommand } from './command.ts'
import { hasCode, readText, writeFile } from './files.ts'
import type { Instance } from './instance.ts'

/** Whether this host hands on what its sandboxes send, and lets in what they ask its name server. */

/** A chain of another program that drops what no rule of its own accepts. */
export interface ClosedChain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly hook: string
}

const forwarding = '/proc/sys/net/ipv4/ip_forward'

/**
 * Has the host forward packets between its networks. It stays so until the next boot, for others may count on it.
 * @returns false where berth may not change that, as in a container
 */
export async function enableForwarding(): Promise<boolean> {
  if ((await readText(forwarding))?.trim() === '1') return true
  return writeFile(forwarding, '1').then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'EROFS', 'EACCES', 'EPERM', 'ENOENT')) return false
      throw error
    },
  )
}

/**
 * The chains of other programs that stop what sandboxes may send, after berth has asked for passage in the one that
 * Docker keeps for that purpose (`DOCKER-USER`). An `accept` in a table of our own does not overrule a drop in theirs.
 */
export async function closedChains(instance: Instance): Promise<ClosedChain[]> {
  const closed = (await baseChains()).filter((chain) => chain.policy === 'drop' && isOnTheWay(chain))
  const unsolved: ClosedChain[] = []
  for (const chain of closed) {
    if (chain.hook === 'forward' && (await passThroughDocker(instance, chain))) continue
    if (!(await mentionsUs(instance, chain))) unsolved.push(chain)
  }
  return unsolved
}

/** Rules by which an administrator lets the sandboxes through a chain. */
export function passage({ interfacePrefix }: Instance, { family, table, name, hook }: ClosedChain): string[] {
  const insert = `nft insert rule ${family} ${table} ${name}`
  const sandboxes = `\\"${interfacePrefix}-*\\"`
  return [
    `${insert} iifname ${sandboxes} accept`,
    ...(hook === 'forward' ? [`${insert} oifname ${sandboxes} ct state established,related accept`] : []),
  ]
}

interface BaseChain extends ClosedChain {
  readonly policy: string
}

async function baseChains(): Promise<BaseChain[]> {
  const { code, stdout } = await runCommand(['nft', '--json', 'list', 'chains'], { allowCodes: [0, 1] })
  if (code !== 0) return []
  const { nftables } = JSON.parse(stdout) as { nftables: { chain?: Partial<BaseChain> }[] } // libnftables-json(5)
  return nftables.flatMap(({ chain }) => {
    const { family, table, name, hook, policy } = chain ?? {}
    if (!family || !table || !name || !hook || !policy) return []
    return [{ family, table, name, hook, policy }]
  })
}

function isOnTheWay({ family, hook }: ClosedChain): boolean {
  return ['ip', 'inet'].includes(family) && ['forward', 'input'].includes(hook)
}

async function mentionsUs({ interfacePrefix }: Instance, { family, table }: ClosedChain): Promise<boolean> {
  const { stdout } = await runCommand(['nft', 'list', 'table', family, table], { allowCodes: [0, 1] })
  return stdout.includes(`"${interfacePrefix}-*"`)
}

const dockersChain = 'DOCKER-USER'

/** Gives whether Docker's chain is there, with rules for our sandboxes in it. */
async function passThroughDocker(instance: Instance, { family, table }: ClosedChain): Promise<boolean> {
  const list = ['nft', 'list', 'chain', family, table, dockersChain] as const
  const { code, stdout } = await runCommand(list, { allowCodes: [0, 1] })
  if (code !== 0) return false
  const sandboxes = `"${instance.interfacePrefix}-*"`
  if (stdout.includes(sandboxes)) return true
  const rules = [`iifname ${sandboxes} accept`, `oifname ${sandboxes} ct state established,related accept`]
  const input = rules.map((rule) => `insert rule ${family} ${table} ${dockersChain} ${rule}\n`).join('')
  await runCommand(['nft', '-f', '-'], { input })
  return true
}

/** Takes our rules out of Docker's chain again. */
export async function leaveDocker({ interfacePrefix }: Instance): Promise<void> {
  const list = ['nft', '--handle', 'list', 'chain', 'ip', 'filter', dockersChain] as const
  const { code, stdout } = await runCommand(list, { allowCodes: [0, 1] })
  if (code !== 0) return
  const ours = stdout.split('\n').filter((line) => line.includes(`"${interfacePrefix}-*"`))
  for (const line of ours) {
    const handle = /# handle ([0-9]+)$/.exec(line)?.[1]
    if (handle === undefined) continue
    await runCommand(['nft', 'delete', 'rule', 'ip', 'filter', dockersChain, 'handle', handle], { allowCodes: [0, 1] })
  }
}

/** Gives this host an address of its own that no network leads to and that it sends nothing from by itself. */
export async function ensureLocalAddress(address: string): Promise<void> {
  await runCommand(['ip', 'address', 'replace', `${address}/32`, 'dev', 'lo', 'scope', 'host'])
}

export async function removeLocalAddress(address: string): Promise<void> {
  await runCommand(['ip', 'address', 'delete', `${address}/32`, 'dev', 'lo'], { allowCodes: [0, 2] })
}
