import { join } from 'node:path'
import type { Network } from '../model/sandbox.ts'
import { exists, hasCode, mkdir, readdir, readText, removeTree, replaceFile } from './files.ts'
import { type Instance, pathsOf } from './instance.ts'

/**
 * What sandboxes may reach, written down in the run directory: the rules are made from it, again and again, and the name
 * relay reads it for each question. It is gone at a reboot, as the sandboxes are.
 */

/** What one sandbox may reach. */
export interface Grant extends Pick<Network, 'egress' | 'links'> {
  /** The sandbox. */
  readonly id: string
  readonly interfaceName: string
  readonly address: string
}

/** Where questions for names go: ports of `address`, which is one of this host's. */
export interface NameServices {
  readonly address: string
  /** Who answers sandboxes that may reach something. */
  readonly relayPort?: number
  /** Who tells the others that nothing is declared for them. */
  readonly refuserPort?: number
}

/** The addresses at which each application can be reached now: that which serves first. */
export type LinkTable = Readonly<Record<string, readonly string[]>>

/** What names have led to: the relay keeps it, so that lost rules can be restored. */
export interface OpenedAddress {
  /** The sandbox that may reach it. */
  readonly sandbox: string
  readonly from: string
  readonly to: string
  readonly transport: 'tcp' | 'udp'
  readonly port: number
  /** Milliseconds since 1970. */
  readonly until: number
}

export function networkFiles(instance: Instance) {
  const folder = pathsOf(instance).network
  return {
    folder,
    grants: join(folder, 'grants'),
    services: join(folder, 'services.json'),
    links: join(folder, 'links.json'),
    opened: join(folder, 'opened.json'),
    asked: join(folder, 'asked.json'),
  } as const
}

function grantFile(instance: Instance, address: string): string {
  return join(networkFiles(instance).grants, `${address}.json`)
}

export async function writeGrant(instance: Instance, grant: Grant): Promise<void> {
  await mkdir(networkFiles(instance).grants, { recursive: true, mode: 0o755 })
  await replaceFile(grantFile(instance, grant.address), JSON.stringify(grant))
}

/** The grant of the sandbox with an address. */
export async function readGrant(instance: Instance, address: string): Promise<Grant | undefined> {
  return readJson<Grant>(grantFile(instance, address))
}

export async function readGrants(instance: Instance): Promise<Grant[]> {
  const names = await readdir(networkFiles(instance).grants).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  const grants = names
    .filter((name) => name.endsWith('.json'))
    .map((name) => readGrant(instance, name.slice(0, -'.json'.length)))
  return (await Promise.all(grants)).filter((grant) => grant !== undefined)
}

/** Takes back what a sandbox may reach. Gives its grant, if there was one. */
export async function removeGrant(instance: Instance, id: string): Promise<Grant | undefined> {
  const grant = (await readGrants(instance)).find((found) => found.id === id)
  if (grant) await removeTree(grantFile(instance, grant.address))
  return grant
}

export async function readServices(instance: Instance): Promise<NameServices | undefined> {
  return readJson<NameServices>(networkFiles(instance).services)
}

/** Replaces what is given, and keeps the rest. Gives whether that changed anything. */
export async function updateServices(instance: Instance, services: NameServices): Promise<boolean> {
  const { folder, services: path } = networkFiles(instance)
  const before = await readServices(instance)
  const kept = before?.address === services.address ? before : {}
  const next = JSON.stringify({ ...kept, ...services })
  if (next === JSON.stringify(before)) return false
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await replaceFile(path, next)
  return true
}

export async function readLinks(instance: Instance): Promise<LinkTable> {
  return (await readJson<LinkTable>(networkFiles(instance).links)) ?? {}
}

/** Gives whether that changed anything. */
export async function writeLinks(instance: Instance, table: LinkTable): Promise<boolean> {
  const { folder, links } = networkFiles(instance)
  const text = JSON.stringify(table)
  if (((await readText(links)) ?? '{}') === text) return false
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await replaceFile(links, text)
  return true
}

export async function readOpened(instance: Instance): Promise<OpenedAddress[]> {
  return (await readJson<OpenedAddress[]>(networkFiles(instance).opened)) ?? []
}

/** Reads a file that berth alone writes, by rename. */
async function readJson<Value>(path: string): Promise<Value | undefined> {
  if (!(await exists(path))) return undefined
  const text = await readText(path)
  return text ? (JSON.parse(text) as Value) : undefined
}
