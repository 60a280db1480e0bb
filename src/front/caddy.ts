import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chown, mkdir, readdir, readText, removeTree, rm, writeFile, writeFileAtomically } from '../host/files.ts'
import { type Instance, pathsOf } from '../host/instance.ts'
import { ensureRunDirectory } from '../host/mounts.ts'
import { holderOfPort } from '../host/network-ports.ts'
import { oneAtATime } from '../host/one-at-a-time.ts'
import { findProgram } from '../host/programs.ts'
import { frontNotStarted, httpPortTaken } from '../model/problems/front.ts'
import { isAnswering, loadConfiguration, requestsByUpstream } from './caddy-admin.ts'
import { caddyConfig, type CaddyFacts, refreshMilliseconds } from './caddy-config.ts'
import { type Companion, endCompanion, findCompanion, startCompanion } from '../host/companion.ts'
import type { Front } from './front.ts'
import { nameServer } from './name-server.ts'

export interface CaddyOptions {
  /** Who signs certificates: a public authority, or one that Caddy makes up, for tests. */
  readonly certificates?: CaddyFacts['certificates']
}

/** The user of Debian's package; where there is none, an id that no account and no sandbox has. */
const lonelyId = 2_000_000_001

/**
 * The front as one Caddy for all applications, with a configuration that no deploy changes: it asks dnsmasq for the
 * address of the host name of each request (docs/decisions/0002-front-dns.md).
 */
export function caddyFront(instance: Instance, { certificates = 'public' }: CaddyOptions = {}): Front {
  const paths = layoutOf(instance)
  const names = nameServer(instance, { directory: paths.run, logFile: join(paths.data, 'dnsmasq.log') })
  const oneByOne = <Result>(work: () => Promise<Result>) => oneAtATime(`front ${instance.run}`, work)

  async function configurationFor(domains: readonly string[]): Promise<string> {
    const configuration = caddyConfig({
      httpPort: instance.httpPort,
      httpsPort: instance.httpsPort,
      nameServerPort: await names.ensureRunning(),
      adminSocket: paths.adminSocket,
      dataDirectory: paths.data,
      knownHosts: paths.knownHosts,
      domains,
      certificates,
    })
    return JSON.stringify(configuration, undefined, 2)
  }

  async function ensureCaddy(domains: readonly string[]): Promise<void> {
    const user = await caddyUser()
    await makeDirectories(instance, user)
    const wanted = await configurationFor(domains)
    const companion = caddyCompanion(paths, user)
    if (await findCompanion(companion)) {
      if ((await readText(paths.configuration)) === wanted) return
      await loadConfiguration(paths.adminSocket, wanted)
      await writeFileAtomically(paths.configuration, wanted)
      return
    }
    await writeFileAtomically(paths.configuration, wanted)
    await requireFreePort(instance.httpPort)
    if (domains.length > 0) await requireFreePort(instance.httpsPort)
    await startCompanion(instance, companion)
  }

  async function currentDomains(): Promise<string[]> {
    return JSON.parse((await readText(paths.domains)) ?? '[]') as string[] // written by `setDomains` alone
  }

  async function route(table: ReadonlyMap<string, string | undefined>): Promise<void> {
    const hosts = new Set([...table.keys()].map((host) => host.toLowerCase()))
    const known = await readdir(paths.knownHosts)
    await Promise.all(known.filter((host) => !hosts.has(host)).map((host) => rm(join(paths.knownHosts, host))))
    const serving = [...table].flatMap(([host, address]) => (address === undefined ? [] : [[host, address] as const]))
    const hasChanged = await names.serve(new Map(serving))
    await Promise.all([...hosts].map((host) => writeFile(join(paths.knownHosts, host), '')))
    // Caddy may have asked just before, and goes on with that answer until it is due to ask again.
    if (hasChanged) await sleep(2 * refreshMilliseconds)
  }

  return {
    missing: missingForCaddy,
    isRunning: async () => {
      const companion = caddyCompanion(paths, await caddyUser())
      return (await findCompanion(companion)) !== undefined && (await names.isRunning())
    },
    ensureRunning: () => oneByOne(async () => ensureCaddy(await currentDomains())),
    route: (table) => oneByOne(() => route(table)),
    setDomains: (domains) =>
      oneByOne(async () => {
        const wanted = [...new Set(domains)].toSorted()
        if (JSON.stringify(wanted) === JSON.stringify(await currentDomains())) return
        await ensureCaddy(wanted)
        await writeFileAtomically(paths.domains, JSON.stringify(wanted))
      }),
    requestsInFlight: async (address) => (await requestsByUpstream(paths.adminSocket)).get(`${address}:80`) ?? 0,
    stop: () =>
      oneByOne(async () => {
        await endCompanion(caddyCompanion(paths, await caddyUser()))
        await names.stop()
        await removeTree(paths.run)
      }),
  }
}

function layoutOf(instance: Instance) {
  const run = pathsOf(instance).front
  return {
    run,
    data: join(instance.home, 'caddy'),
    configuration: join(run, 'caddy.json'),
    domains: join(run, 'domains.json'),
    knownHosts: join(run, 'known'),
    adminDirectory: join(run, 'admin'),
    adminSocket: join(run, 'admin', 'socket'),
    identity: join(run, 'caddy-process.json'),
  } as const
}

interface User {
  readonly uid: number
  readonly gid: number
}

async function caddyUser(): Promise<User> {
  const entry = /^caddy:[^:]*:(\d+):(\d+):/m.exec((await readText('/etc/passwd')) ?? '')
  return entry ? { uid: Number(entry[1]), gid: Number(entry[2]) } : { uid: lonelyId, gid: lonelyId }
}

/** Only Caddy's own two directories are its own; what it reads, it cannot change. */
async function makeDirectories(instance: Instance, { uid, gid }: User): Promise<void> {
  const paths = layoutOf(instance)
  await ensureRunDirectory(instance)
  await mkdir(instance.home, { recursive: true, mode: 0o711 }) // Caddy passes through it to its own directory
  for (const path of [paths.run, paths.knownHosts]) await mkdir(path, { recursive: true, mode: 0o755 })
  for (const path of [paths.data, paths.adminDirectory]) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await chown(path, uid, gid)
  }
}

function caddyCompanion(paths: ReturnType<typeof layoutOf>, { uid, gid }: User): Companion {
  // Unprivileged but for the one right to listen on ports 80 and 443.
  const only = '-all,+net_bind_service'
  return {
    name: 'Caddy',
    argv: [
      ...(['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'] as const),
      ...[`--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`],
      ...['caddy', 'run', '--config', paths.configuration],
    ],
    // Small when idle: it would otherwise let its heap double before it collects.
    env: { HOME: paths.data, XDG_DATA_HOME: paths.data, XDG_CONFIG_HOME: paths.data, GOGC: '50', GOMEMLIMIT: '48MiB' },
    logFile: join(paths.data, 'caddy-start.log'),
    identityFile: paths.identity,
    mark: paths.configuration,
    isReady: () => isAnswering(paths.adminSocket),
    notStarted: frontNotStarted,
  }
}

/** A front that has just been killed holds its port for a moment longer than it lives. */
async function requireFreePort(port: number): Promise<void> {
  for (let look = 0; look < 20 && (await holderOfPort(port)) !== undefined; look += 1) await sleep(50)
  const holder = await holderOfPort(port)
  if (holder) throw httpPortTaken({ port, holder: holder.name, service: holder.service })
}

async function missingForCaddy(): Promise<string[]> {
  const needed = [
    { program: 'caddy', package: 'caddy', purpose: 'is the front server' },
    { program: 'dnsmasq', package: 'dnsmasq-base', purpose: 'tells it where applications are' },
    { program: 'setpriv', package: 'util-linux', purpose: 'takes its privileges away' },
  ]
  const found = await Promise.all(needed.map(({ program }) => findProgram(program)))
  return needed
    .filter((_, index) => found[index] === undefined)
    .map(
      ({ program, package: name, purpose }) => `\`${program}\`, which ${purpose}, is missing: apt-get install ${name}`,
    )
}
