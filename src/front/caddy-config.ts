import { zone } from './hosts-file.ts'
import { notAnsweringPage, unknownHostPage } from './pages.ts'

/** What Caddy's configuration depends on. No application is in it: a deploy never changes it. */
export interface CaddyFacts {
  readonly httpPort: number
  readonly httpsPort: number
  /** Where dnsmasq answers on 127.0.0.1. */
  readonly nameServerPort: number
  readonly adminSocket: string
  /** Certificates and Caddy's log. */
  readonly dataDirectory: string
  /** A directory with a file for each host name that has an application. */
  readonly knownHosts: string
  /** Host names with certificates of their own. */
  readonly domains: readonly string[]
  /** Who signs them: a public authority, or one that Caddy makes up, for tests. */
  readonly certificates: 'public' | 'internal'
}

/** How long Caddy uses an address before it asks again. */
export const refreshMilliseconds = 50

/** Gives the configuration in Caddy's own JSON (caddyserver.com/docs/json, 2.6). */
export function caddyConfig(facts: CaddyFacts): object {
  return {
    admin: { listen: `unix/${facts.adminSocket}`, origins: ['berth'], config: { persist: false } },
    storage: { module: 'file_system', root: `${facts.dataDirectory}/certificates` },
    logging: { logs: { default: logOf(facts) } },
    apps: {
      http: { http_port: facts.httpPort, https_port: facts.httpsPort, servers: serversOf(facts) },
      ...(facts.domains.length > 0 ? certificateApps(facts) : {}),
    },
  }
}

function logOf({ dataDirectory }: CaddyFacts) {
  return {
    level: 'WARN',
    // One line for each request to a name nobody knows would be written for every scanner that comes by.
    exclude: ['http.handlers.reverse_proxy', 'http.log.error'],
    writer: { output: 'file', filename: `${dataDirectory}/caddy.log`, roll_size_mb: 10, roll_keep: 2 },
  }
}

function serversOf(facts: CaddyFacts) {
  const common = { read_header_timeout: '30s', errors: { routes: errorRoutes(facts) } }
  const plain = {
    ...common,
    listen: [`:${facts.httpPort}`],
    automatic_https: { disable: true },
    routes: [...redirects(facts), ...applications(facts)],
  }
  if (facts.domains.length === 0) return { plain }
  const secure = {
    ...common,
    listen: [`:${facts.httpsPort}`],
    protocols: ['h1', 'h2'],
    automatic_https: { disable_redirects: true },
    routes: [{ match: [{ host: facts.domains }], handle: [{ handler: 'subroute', routes: applications(facts) }] }],
  }
  return { plain, secure }
}

/** Domains are served over TLS only; `<name>.localhost` is not, for nobody signs for it. */
function redirects({ domains, httpsPort }: CaddyFacts): object[] {
  if (domains.length === 0) return []
  const port = httpsPort === 443 ? '' : `:${httpsPort}`
  const location = `https://{http.request.host}${port}{http.request.uri}`
  return [
    {
      match: [{ host: domains }],
      handle: [{ handler: 'static_response', status_code: '308', headers: { Location: [location] } }],
      terminal: true,
    },
  ]
}

/** Whether an application has this host name, looked up on disk at each request, so that nothing needs reloading. */
function isKnown({ knownHosts }: CaddyFacts) {
  return { file: { root: knownHosts, try_files: ['/{http.request.host}'] } }
}

function applications(facts: CaddyFacts): object[] {
  return [
    { match: [isKnown(facts)], handle: [toApplication(facts, { patience: true })], terminal: true },
    // Also names in capital letters, which name a file no more, but still an address. Others fail at once.
    { handle: [toApplication(facts, { patience: false })] },
  ]
}

function toApplication({ nameServerPort }: CaddyFacts, { patience }: { patience: boolean }): object {
  return {
    handler: 'reverse_proxy',
    dynamic_upstreams: {
      source: 'a',
      name: `{http.request.host}.${zone}.`,
      port: '80',
      refresh: `${refreshMilliseconds}ms`,
      resolver: { addresses: [`udp/127.0.0.1:${nameServerPort}`] },
    },
    transport: {
      protocol: 'http',
      dial_timeout: '2s',
      compression: false,
      // Shorter than servers keep idle connections (gunicorn: 2 s): one that they are closing may swallow a POST.
      keep_alive: { enabled: true, idle_timeout: '1s' },
    },
    ...(patience ? { load_balancing: dialAgain } : {}),
  }
}

/** A connection that is refused is tried again; a request that an application may have seen never is. */
const dialAgain = { try_duration: '2s', try_interval: '50ms', retry_match: [{ method: ['NONE'] }] }

function errorRoutes(facts: CaddyFacts): object[] {
  return [
    { match: [isKnown(facts)], handle: pageHandlers('{http.error.status_code}', notAnsweringPage), terminal: true },
    { handle: pageHandlers('404', unknownHostPage) },
  ]
}

function pageHandlers(status: string, body: string): object[] {
  const headers = { 'Content-Type': ['text/html; charset=utf-8'], 'Cache-Control': ['no-store'] }
  return [{ handler: 'static_response', status_code: status, headers, body }]
}

function certificateApps({ domains, certificates }: CaddyFacts) {
  const issuers = certificates === 'internal' ? { issuers: [{ module: 'internal' }] } : {}
  return {
    tls: { automation: { policies: [{ subjects: domains, ...issuers }] } },
    pki: { certificate_authorities: { local: { install_trust: false } } },
  }
}
