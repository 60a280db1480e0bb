import { domainTaken } from '../model/problems/deploy.ts'
import { linkAt } from '../steps/start/links.ts'
import type { App } from '../store/apps.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import type { Berth } from './berth.ts'

/** Which host name leads to which sandbox, and which of them are domains with certificates. */
export interface Routes {
  /** Names of applications that do not serve now have no address. */
  readonly table: ReadonlyMap<string, string | undefined>
  readonly domains: readonly string[]
  /** The addresses at which other applications may reach each, that which serves first. */
  readonly links: Readonly<Record<string, readonly string[]>>
}

/** The name under which an application always answers on its own host. */
export function localName(app: string): string {
  return `${app}.localhost`
}

/** The address an operator opens. */
export function urlOf({ instance }: Berth, app: string): string {
  return `http://${localName(app)}${instance.httpPort === 80 ? '' : `:${instance.httpPort}`}/`
}

export function addressOf({ block }: Berth, record: SandboxRecord): string {
  return linkAt(block, record.link).sandboxAddress
}

/**
 * The routes as the state has them, with `instead` serving for its application: what the front should know before the
 * state commits to it.
 */
export function routesOf(berth: Berth, instead?: SandboxRecord): Routes {
  const { state } = berth
  const table = new Map<string, string | undefined>()
  const domains: string[] = []
  const links: Record<string, readonly string[]> = {}
  const first = instead && state.apps.byId(instead.app)
  // An application whose first release is just beginning to serve is not listed yet.
  for (const app of [...(first ? [first] : []), ...state.apps.list().filter(({ id }) => id !== first?.id)]) {
    const record = app.id === first?.id ? instead : state.sandboxes.serving(app)
    const release = record?.release ?? app.currentRelease
    if (release === undefined) continue
    const { run } = state.releases.get(app, release)
    const address = record && addressOf(berth, record)
    const draining = state.sandboxes.ofApp(app).filter(({ id, role }) => role !== 'starting' && id !== record?.id)
    if (record) links[app.name] = [record, ...draining].map((sandbox) => addressOf(berth, sandbox))
    for (const name of [localName(app.name), ...run.domains]) table.set(name, address)
    // Those of an application that rests stay, too: a change of domains is the one thing that reloads the front.
    domains.push(...run.domains)
  }
  return { table, domains: domains.toSorted(), links }
}

/** Makes the front, and the links between applications, agree with the routes. */
export async function applyRoutes({ front, egress }: Berth, routes: Routes): Promise<void> {
  await egress.link(routes.links)
  await front.ensureRunning()
  await front.setDomains(routes.domains)
  await front.route(routes.table)
}

/** @throws domainTaken when another application has one of the domains, whether it runs or not */
export function requireFreeDomains({ state }: Berth, app: App, domains: readonly string[]): void {
  for (const other of state.apps.list()) {
    if (other.id === app.id || other.currentRelease === undefined) continue
    const theirs = state.releases.get(other, other.currentRelease).run.domains
    const domain = theirs.find((name) => domains.includes(name))
    if (domain !== undefined) throw domainTaken({ domain, app: other.name })
  }
}
