import { CommandFailed, runCommand } from './command.ts'
import { readdir } from './files.ts'
import type { Instance } from './instance.ts'
import {
  type Grant,
  type LinkTable,
  readGrants,
  readLinks,
  readOpened,
  readServices,
  removeGrant,
  writeGrant,
} from './network-grants.ts'
import { interfaceName } from './network-names.ts'
import { hostRules } from './network-rules.ts'
import { oneAtATime } from './one-at-a-time.ts'

/** Keeps the rules of an instance in the kernel, as the files of the run directory say. */

/**
 * Loads all rules: for the first time, after another program flushed them, or because a grant has changed. What names
 * have led to and what was refused survives.
 */
export async function ensureHostRules(instance: Instance): Promise<void> {
  await oneAtATime(`rules of ${instance.name}`, () => loadRules(instance))
}

async function loadRules(instance: Instance): Promise<void> {
  const [grants, links, opened, services] = await Promise.all([
    readGrants(instance),
    readLinks(instance),
    readOpened(instance),
    readServices(instance),
  ])
  const living = await withoutEnded(instance, links)
  const fence = { grants, links: living, opened, services, now: Date.now() }
  const anew = `table inet ${instance.name} { }\ndelete table inet ${instance.name}\n`
  await loadFirst([
    hostRules(instance, fence),
    // A table of another version of berth, whose sets have other types, gives way.
    anew + hostRules(instance, fence),
    anew + hostRules(instance, { ...fence, countsConnections: false }),
  ])
}

/** Loads the first of these that the kernel takes. @throws why it did not take the first one */
async function loadFirst([rules = '', ...others]: readonly string[]): Promise<void> {
  try {
    await runCommand(nft, { input: rules })
  } catch (error) {
    if (!(error instanceof CommandFailed) || others.length === 0) throw error
    await loadFirst(others).catch(() => {
      throw error
    })
  }
}

const nft = ['nft', '-f', '-'] as const

/** Addresses of sandboxes that have gone lead to nobody, until another one gets them. */
async function withoutEnded(instance: Instance, links: LinkTable): Promise<LinkTable> {
  const names = new Set(await readdir('/sys/class/net'))
  const isThere = (address: string) => names.has(interfaceName(instance, hostEndOf(address)))
  return Object.fromEntries(Object.entries(links).map(([app, addresses]) => [app, addresses.filter(isThere)]))
}

/** The other end of a sandbox's pair, which is the even one. */
function hostEndOf(address: string): string {
  const at = address.lastIndexOf('.') + 1
  return `${address.slice(0, at)}${Number(address.slice(at)) & ~1}`
}

/** Opens what a sandbox declares. */
export async function grant(instance: Instance, what: Grant): Promise<void> {
  await forgetOpened(instance, what.address)
  await writeGrant(instance, what)
  await ensureHostRules(instance)
}

/** Closes what was open for a sandbox, and what led to it. */
export async function revoke(instance: Instance, id: string): Promise<void> {
  const taken = await removeGrant(instance, id)
  if (taken) await forgetOpened(instance, taken.address)
  const isLinked = (await readGrants(instance)).some(({ links }) => links.length > 0)
  if (taken || isLinked) await ensureHostRules(instance)
}

/** Without a table there is nothing to forget. */
async function forgetOpened(instance: Instance, from: string): Promise<void> {
  const flows = (await listFlows(instance, 'opened')).filter((flow) => flow.from === from)
  if (flows.length === 0) return
  const lines = flows.map(
    ({ to, transport, port }) =>
      `delete element inet ${instance.name} opened { ${from} . ${to} . ${transport} . ${port} }`,
  )
  // One of them may expire in between, and then none is deleted: one by one.
  for (const line of lines) await runCommand(nft, { input: line, allowCodes: [0, 1] })
}

/** An element of the sets `opened` and `refused`. */
export interface Flow {
  readonly from: string
  readonly to: string
  readonly transport: string
  readonly port: number
  /** How many packets, where they are counted. */
  readonly packets: number
}

/** What is in a set now; nothing when there is none. */
export async function listFlows(instance: Instance, set: 'opened' | 'refused'): Promise<Flow[]> {
  const argv = ['nft', '--json', 'list', 'set', 'inet', instance.name, set] as const
  const { code, stdout } = await runCommand(argv, { allowCodes: [0, 1] })
  return code === 0 ? parseFlows(stdout) : []
}

/** Reads what `nft --json list set` prints (libnftables-json(5)). */
export function parseFlows(text: string): Flow[] {
  const { nftables } = JSON.parse(text) as { nftables: { set?: { elem?: FlowElement[] } }[] }
  return nftables.flatMap(({ set }) =>
    (set?.elem ?? []).map(({ elem }) => {
      const [from, to, transport, port] = elem.val.concat
      return { from, to, transport, port, packets: elem.counter?.packets ?? 0 }
    }),
  )
}

interface FlowElement {
  readonly elem: {
    readonly val: { readonly concat: readonly [string, string, string, number] }
    readonly counter?: { readonly packets: number }
  }
}
