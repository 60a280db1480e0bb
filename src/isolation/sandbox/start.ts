import { dirname } from 'node:path'
import { leaveServiceGroup } from '../../host/cgroups.ts'
import { CommandFailed, runCommand } from '../../host/command.ts'
import { chmod, lchown, mkdir, readText, writeFile } from '../../host/files.ts'
import type { Instance } from '../../host/instance.ts'
import { mountLayers } from '../../host/mounts.ts'
import { connectNetwork, redirectPort, setInUserNamespace } from '../../host/network.ts'
import { findProgram } from '../../host/programs.ts'
import { identify, type ProcessIdentity, spawnReporting } from '../../host/processes.ts'
import { type SandboxSpec, appUid } from '../../model/sandbox.ts'
import type { HostFacts } from './facts.ts'
import { ensureFence } from './fence.ts'
import { companionGroup, type Layout, layoutOf } from './layout.ts'
import { writeRecord } from './record.ts'
import { type ContainerFacts, containerSpec, uidInside } from '../levels/container/spec.ts'
import type { TerminalSize } from '../isolator.ts'
import { writeScaffold } from './root-files.ts'

/** What runs when a sandbox has been started: its process 1, seen from the host, and the monitor that holds it. */
export interface StartedSandbox {
  readonly init: ProcessIdentity
  readonly monitor: ProcessIdentity
}

export const programs = { runtime: 'runc', monitor: 'conmon', init: '/usr/bin/tini-static' } as const

/**
 * Makes a sandbox and starts its application under a monitor that survives this process.
 * What does not depend on each other runs side by side: a start takes little more than the runtime's own two calls.
 * @throws Error when any part fails; the caller removes what there is.
 */
export async function startContainer(instance: Instance, spec: SandboxSpec, facts: HostFacts): Promise<StartedSandbox> {
  const layout = layoutOf(instance, spec.id)
  await prepareBundle(layout, spec, facts)
  const [pid] = await together([
    createUnderMonitor(layout, spec),
    spec.link ? ensureFence(instance) : Promise.resolve(),
  ])
  const monitorPid = Number(await readText(layout.monitorPidFile))
  const [init, monitor] = await together([
    identify(pid),
    identify(monitorPid),
    facts.givesUserNamespaces ? setInUserNamespace(pid, userNamespaceLimits) : Promise.resolve(),
    connect(instance, pid, spec),
    leaveServiceGroup(facts.cgroups, companionGroup(instance), monitorPid),
  ])
  if (!init || !monitor) throw new Error('the runtime ended before the application was started')
  await runCommand(runtime(layout, 'start', spec.id))
  await writeRecord(layout, { id: spec.id, init, monitor, logFile: spec.logFile })
  return { init, monitor }
}

/** Makes the bundle of a sandbox: its root file system, mounted, and its specification, readable by root only. */
export async function prepareBundle(
  layout: Layout,
  spec: SandboxSpec,
  facts: HostFacts,
  terminal?: TerminalSize,
): Promise<void> {
  await together([
    ...[layout.scaffold, layout.links, layout.persist, layout.exits, layout.runtimeRoot, dirname(spec.logFile)].map(
      (path) => mkdir(path, { recursive: true, mode: 0o755 }),
    ),
    ...spec.volumes.map(({ source }) => giveToApplication(source, spec.idBase)),
  ])
  const config = containerSpec(spec, specFacts(layout, facts), terminal)
  await together([
    writeFile(layout.config, JSON.stringify(config), { mode: 0o600 }),
    writeScaffold(spec, uidInside(spec, facts), layout.scaffold).then(() =>
      mountLayers([...spec.layers, layout.scaffold], layout.root, layout.links),
    ),
  ])
}

/** What a specification depends on besides the sandbox. */
export function specFacts(layout: Layout, facts: HostFacts): ContainerFacts {
  return {
    architecture: process.arch,
    cgroupVersion: facts.cgroups.version,
    cgroupPath: layout.cgroup,
    countsSwap: facts.countsSwap,
    hardLimits: facts.hardLimits,
    rootPath: layout.root,
    init: programs.init,
    hasIpv6: facts.hasIpv6,
    givesUserNamespaces: facts.givesUserNamespaces,
  }
}

/** A command line of the runtime, with the private root that keeps berth's containers apart from others'. */
export function runtime(layout: Layout, ...args: readonly string[]): [string, ...string[]] {
  return [programs.runtime, '--root', layout.runtimeRoot, ...args]
}

/** Between the runtime's create and start: its namespaces are there, and the application has not run yet. */
async function connect(instance: Instance, pid: number, { id, link, port }: SandboxSpec): Promise<void> {
  if (!link) return
  await together([
    connectNetwork(instance, { id, pid, pair: link }),
    port === 80 ? Promise.resolve() : redirectPort(pid, port),
  ])
}

/** The directory itself only: what the application made in it is already its own, and links in it lead anywhere. */
async function giveToApplication(source: string, idBase: number): Promise<void> {
  await mkdir(source, { recursive: true, mode: 0o700 })
  await lchown(source, idBase + appUid, idBase + appUid)
  await chmod(source, 0o700)
}

/** Starts conmon, which lets the runtime create the container and then keeps its output and exit code. */
async function createUnderMonitor(layout: Layout, { id, logFile }: SandboxSpec): Promise<number> {
  const runtimePath = await findProgram(programs.runtime)
  if (runtimePath === undefined) throw new Error(`${programs.runtime} is not installed`)
  const argv: [string, ...string[]] = [
    ...([programs.monitor, '--api-version', '1', '-c', id, '-u', id, '-n', id] as const),
    ...['-r', runtimePath, '-b', layout.bundle, '-p', layout.pidFile],
    ...['--exit-dir', layout.exits, '--persist-dir', layout.persist, '-l', `k8s-file:${logFile}`],
    ...['--conmon-pidfile', layout.monitorPidFile, '--full-attach', '--log-level', 'error'],
    ...['--runtime-arg', '--root', '--runtime-arg', layout.runtimeRoot],
  ]
  // conmon also notes an out-of-memory kill in the directory that it stands in.
  const { report, stderr } = await spawnReporting(argv, { env: { _OCI_SYNCPIPE: '3' }, cwd: layout.bundle })
  const { data, message } = (report === '' ? {} : JSON.parse(report)) as { data?: unknown; message?: unknown }
  if (typeof data === 'number' && data > 0) return data
  throw new Error(typeof message === 'string' ? message.trim() : stderr.trim() || 'the monitor did not start')
}

/**
 * inotify instances and namespaces are counted for the creator of a user namespace, which is root for all of them:
 * without limits of its own, one sandbox takes what all others and the host need. (Debian gives root 128 instances,
 * too few for the sum of these shares: hence the host's own limit is raised.)
 */
const userNamespaceLimits = [
  'user/max_inotify_instances=16',
  'user/max_inotify_watches=8192',
  ...['user', 'mnt', 'net', 'pid', 'ipc', 'uts', 'cgroup', 'time'].map((kind) => `user/max_${kind}_namespaces=0`),
]

/**
 * Waits for all of them, also when one fails, so that nothing is still being made while the failure is cleaned up.
 * @throws the first failure.
 */
export async function together<const Work extends readonly Promise<unknown>[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

/** The runtime's own words, without its log format: `level=error msg="…"`. */
export function reasonOf(error: unknown): string {
  const text = error instanceof CommandFailed ? error.stderr.trim() || error.message : String(error)
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  return (message ?? text.replace(/^Error: /, '')).replaceAll('\\"', '"')
}
