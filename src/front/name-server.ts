import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Companion, endCompanion, findCompanion, startCompanion } from '../host/companion.ts'
import { readText, writeFileAtomically } from '../host/files.ts'
import type { Instance } from '../host/instance.ts'
import { askForAddresses } from '../host/network-dns.ts'
import { freePort } from '../host/network-ports.ts'
import { sendSignal } from '../host/processes.ts'
import { frontDidNotSwitch, frontNotStarted } from '../model/problems/front.ts'
import { hostsFile, serialAddress, serialName, serialOf, zone } from './hosts-file.ts'

/**
 * dnsmasq, which tells Caddy the address of each application. It is not part of berth's daemon, so that every
 * application goes on answering while that one is away.
 */
export interface NameServer {
  isRunning(): Promise<boolean>
  /** Starts it unless it runs. Gives its port on 127.0.0.1. */
  ensureRunning(): Promise<number>
  /** Makes it answer from this table alone; returns once it does. Gives whether that changed anything. */
  serve(table: ReadonlyMap<string, string>): Promise<boolean>
  stop(): Promise<void>
}

export function nameServer(
  instance: Instance,
  { directory, logFile }: { readonly directory: string; readonly logFile: string },
): NameServer {
  const hosts = join(directory, 'hosts')
  const portFile = join(directory, 'name-server-port')

  function companion(port: number): Companion {
    return {
      name: 'dnsmasq',
      argv: commandLine({ hosts, port, pidFile: join(directory, 'dnsmasq.pid') }),
      logFile,
      identityFile: join(directory, 'dnsmasq.json'),
      mark: hosts,
      isReady: async () => ((await askForAddresses(serialName, port)) ?? []).length > 0,
      notStarted: frontNotStarted,
    }
  }

  async function ensureRunning(): Promise<number> {
    const known = Number(await readText(portFile))
    if (known > 0 && (await findCompanion(companion(known)))) return known
    if ((await readText(hosts)) === undefined) await writeFileAtomically(hosts, hostsFile(new Map(), 1))
    // Caddy is told the port once; the same one again saves it a reload, unless somebody has taken it meanwhile.
    for (const port of [...(known > 0 ? [known] : []), await freePort()]) {
      try {
        await startCompanion(instance, companion(port))
      } catch (error) {
        if (port === known) continue
        throw error
      }
      await writeFileAtomically(portFile, String(port))
      return port
    }
    throw frontDidNotSwitch({})
  }

  async function serve(table: ReadonlyMap<string, string>): Promise<boolean> {
    const before = (await readText(hosts)) ?? ''
    const serial = serialOf(before)
    if (hostsFile(table, serial) === before) return false
    const next = (serial + 1) & 0xffffff
    await writeFileAtomically(hosts, hostsFile(table, next))
    const port = await ensureRunning()
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const process = await findCompanion(companion(port))
      if (process) await sendSignal(process, 'SIGHUP')
      else await ensureRunning()
      if (await answersWith(port, serialAddress(next))) return true
    }
    throw frontDidNotSwitch({})
  }

  return {
    isRunning: async () => (await findCompanion(companion(Number(await readText(portFile))))) !== undefined,
    ensureRunning,
    serve,
    stop: async () => endCompanion(companion(Number(await readText(portFile)))),
  }
}

/** Asks for a little while whether the table with this serial is being served. */
async function answersWith(port: number, address: string): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if ((await askForAddresses(serialName, port))?.includes(address)) return true
    await sleep(5)
  }
  return false
}

function commandLine(options: { hosts: string; port: number; pidFile: string }): [string, ...string[]] {
  return [
    ...(['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--log-facility=-'] as const),
    ...['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${options.port}`, `--pid-file=${options.pidFile}`],
    // Nothing but the table: no host's file, no upstream server, no cache that would outlive a switch.
    ...['--no-resolv', '--no-hosts', '--no-poll', `--local=/${zone}/`, '--cache-size=0', '--local-ttl=0'],
    `--addn-hosts=${options.hosts}`,
    '--user=nobody',
    '--group=nogroup',
  ]
}
