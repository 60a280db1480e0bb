import { domainTaken } from '../model/problems/deploy.ts'
import { linkAt } from '../steps/start/links.ts'
import type { App } from '../store/apps.ts'
import type { SandboxRecord } from '../store/sandboxes.ts'
import type { Berth } from './berth.ts'

/** Which host name leads to which sandbox, and which of them are domains with certificates. */
export interface Routes {
  readonly table: ReadonlyMap<string, string>
  readonly domains: readonly string[]
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
  const { apps, releases, sandboxes } = berth.state
  const serving = sandboxes.list().filter((record) => record.role === 'serving' && record.app !== instead?.app)
  const table = new Map<string, string>()
  const domains: string[] = []
  for (const record of instead ? [...serving, instead] : serving) {
    const app = apps.byId(record.app)
    if (!app) continue
    const { run } = releases.get(app, record.release)
    for (const name of [localName(app.name), ...run.domains]) table.set(name, addressOf(berth, record))
    domains.push(...run.domains)
  }
  return { table, domains: domains.toSorted() }
}

/** Makes the front agree with the routes. */
export async function applyRoutes({ front }: Berth, routes: Routes): Promise<void> {
  await front.ensureRunning()
  await front.setDomains(routes.domains)
  await front.route(routes.table)
}

/** @throws domainTaken when another application that serves has one of the domains */
export function requireFreeDomains({ state }: Berth, app: App, domains: readonly string[]): void {
  for (const record of state.sandboxes.list()) {
    const other = state.apps.byId(record.app)
    if (!other || other.id === app.id || record.role !== 'serving') continue
    const domain = state.releases.get(other, record.release).run.domains.find((name) => domains.includes(name))
    if (domain !== undefined) throw domainTaken({ domain, app: other.name })
  }
}
