import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { dirname } from 'node:path'
import { runCommand } from '../host/command.ts'
import { startDetached } from '../host/detached.ts'
import { exists, hasCode, mkdir, readText, writeFileAtomically } from '../host/files.ts'
import { pathsOf, type Instance } from '../host/instance.ts'
import { ensureOwnNamespaces, homeInside, insideOwnNamespaces, runInside } from '../host/own-namespaces.ts'
import { identify, sendSignal, waitForEnd } from '../host/processes.ts'
import type { DaemonInfo } from '../model/api.ts'
import { messageOf, type Problem } from '../model/problem.ts'
import { daemonNotStarted, rootNeeded } from '../model/problems/client.ts'
import { version } from '../model/version.ts'
import { connect, type Connection } from './connection.ts'
import { systemdUnit, unitPath } from './systemd-unit.ts'

/** What is needed to reach the daemon, and to start it where it does not run. */
export interface DaemonAccess {
  readonly instance: Instance
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly isRoot: boolean
  /** The command line that the operator gave, for `sudo`. */
  readonly commandLine: string
  say(line: string): void
}

const launcher = fileURLToPath(new URL('../../berth', import.meta.url))
/** Generous, because a slow host with many applications needs it; a daemon that ends is noticed at once. */
const secondsToStart = 60
/** A daemon that ends at once may have lost a race against one that another command started. */
const secondsForTheOther = 3

/** Connects with the daemon; starts it when it does not run, and starts it anew when it is older than this command. */
export async function connectDaemon(access: DaemonAccess): Promise<Connection> {
  const connection = connect(pathsOf(access.instance).socket, access.signal)
  const info = await ask(connection, access)
  if (info && !isOlder(info.version, version)) return connection
  if (!access.isRoot && !(access.instance.isOwn && !info)) {
    throw rootNeeded({
      what: info ? 'upgrade the berth daemon' : 'start the berth daemon',
      command: access.commandLine,
    })
  }
  if (info) await stopOld(info, connection, access)
  await startDaemon(connection, access)
  return connection
}

/** What the daemon says of itself; undefined when none listens. */
export async function findDaemon(instance: Instance, signal: AbortSignal): Promise<DaemonInfo | undefined> {
  try {
    return await connect(pathsOf(instance).socket, signal).get<DaemonInfo>('/v1/daemon')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ECONNREFUSED')) return undefined
    throw error
  }
}

async function ask(connection: Connection, access: DaemonAccess): Promise<DaemonInfo | undefined> {
  try {
    return await connection.get<DaemonInfo>('/v1/daemon')
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM')) {
      throw rootNeeded({ what: 'speak with the berth daemon', command: access.commandLine })
    }
    // ECONNRESET: it was just ending.
    if (hasCode(error, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET')) return undefined
    throw error
  }
}

/** Whether version `a` came before `b`; both are three numbers, so that no library has to be loaded for it. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => text.split(/[.-]/).slice(0, 3).map(Number))
  for (const [index, number] of (left ?? []).entries()) {
    const other = right?.[index] ?? 0
    if (number !== other) return number < other
  }
  return false
}

/** Applications serve on without a daemon, so that an upgrade is: end the old one, start the new one. */
async function stopOld(info: DaemonInfo, connection: Connection, access: DaemonAccess): Promise<void> {
  access.say(`the daemon is berth ${info.version}, this is ${version}: starting it anew (applications serve on)`)
  const process = await identify(info.pid)
  if (!process) return
  await sendSignal(process, 'SIGTERM')
  if (await waitForEnd(process, secondsToStart * 1000)) return
  throw daemonNotStarted({
    why: `the old one (pid ${info.pid}) does not end`,
    log: pathsOf(access.instance).daemonLog,
    lines: [`it still listens on ${connection.socket}`],
  })
}

async function startDaemon(connection: Connection, access: DaemonAccess): Promise<void> {
  access.say('starting the berth daemon')
  const underSystemd = access.instance.name === 'berth' && (await exists('/run/systemd/system'))
  let why = `it did not answer within ${secondsToStart} s`
  let giveUpAt = Date.now() + secondsToStart * 1000
  const onEnd = (how: string) => {
    why = how
    giveUpAt = Math.min(giveUpAt, Date.now() + secondsForTheOther * 1000)
  }
  let endWatch: (() => void) | undefined
  try {
    if (underSystemd) endWatch = await startThroughSystemd(access, onEnd)
    else await startByOurselves(access, onEnd)
  } catch (error) {
    throw await notStarted(messageOf(error), underSystemd, access)
  }
  try {
    while (Date.now() < giveUpAt) {
      if (await ask(connection, access)) return
      await delay(20, undefined, { signal: access.signal })
    }
  } finally {
    endWatch?.()
  }
  throw await notStarted(why, underSystemd, access)
}

/**
 * Calls back should the daemon end.
 * @returns what ends the watch for that
 */
async function startThroughSystemd({ environment }: DaemonAccess, onEnd: (how: string) => void): Promise<() => void> {
  const unit = systemdUnit(launcher, berthVariables(environment))
  if ((await readText(unitPath)) !== unit) {
    await writeFileAtomically(unitPath, unit)
    await runCommand(['systemctl', 'daemon-reload'])
  }
  await runCommand(['systemctl', 'enable', '--quiet', 'berth.service'])
  await runCommand(['systemctl', 'restart', 'berth.service'])
  const before = await countRestarts()
  const look = async () => {
    if ((await countRestarts()) > before) onEnd('it ends soon after its start, and systemd starts it over and over')
  }
  const timer = setInterval(() => void look().catch(() => undefined), 1000)
  return () => clearInterval(timer)
}

/** How often systemd has started the daemon anew because it had ended by itself. */
async function countRestarts(): Promise<number> {
  const argv = ['systemctl', 'show', '--property=NRestarts', '--value', 'berth.service'] as const
  return Number((await runCommand(argv)).stdout)
}

/** Calls back with how the daemon ended, should it end. */
async function startByOurselves(
  { instance, environment, isRoot }: DaemonAccess,
  onEnd: (how: string) => void,
): Promise<void> {
  const log = pathsOf(instance).daemonLog
  await mkdir(dirname(log), { recursive: true, mode: 0o700 })
  const start = isRoot ? { argv: [launcher, 'serve'] as const, environment } : await startOwn(instance, environment)
  void startDetached(start.argv, { log, environment: start.environment }).ended.then(onEnd)
}

/** An ordinary user's daemon runs in namespaces of the user's own, where it is root. */
async function startOwn(instance: Instance, environment: NodeJS.ProcessEnv) {
  const { home, run, httpPort, httpsPort } = instance
  const logFile = pathsOf(instance).daemonLog
  const namespaces = await ensureOwnNamespaces({ home, run, ports: [httpPort, httpsPort], logFile })
  const places = { BERTH_HOME: homeInside, BERTH_RUN: runInside }
  const ports = { BERTH_HTTP_PORT: String(httpPort), BERTH_HTTPS_PORT: String(httpsPort) }
  const path = `${environment['PATH'] ?? ''}:/usr/sbin:/sbin`
  return {
    argv: insideOwnNamespaces(namespaces, [launcher, 'serve']),
    environment: { ...environment, ...places, ...ports, PATH: path },
  }
}

async function notStarted(why: string, underSystemd: boolean, { instance }: DaemonAccess): Promise<Problem> {
  const log = underSystemd ? '`journalctl -u berth`' : pathsOf(instance).daemonLog
  const text = underSystemd ? await readJournal() : await readText(log)
  return daemonNotStarted({ why, log, lines: text ? text.trimEnd().split('\n').slice(-10) : [] })
}

async function readJournal(): Promise<string | undefined> {
  const argv = ['journalctl', '--unit=berth', '--lines=10', '--output=cat', '--no-pager'] as const
  return (await runCommand(argv, { allowCodes: [0, 1] })).stdout
}

function berthVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).filter(([name]) => /^BERTH_[A-Z_]+$/.test(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']))
}
