import { join } from 'node:path'
import { exists } from '../../../host/files.ts'
import { isSameFile, mountsOf, processFacts, type MountFacts, type ProcessFacts } from '../../../host/process-facts.ts'
import type { Drift } from '../../../model/proof.ts'
import { appUid, type SandboxSpec } from '../../../model/sandbox.ts'
import { Secret } from '../../../model/secret.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { containerSpec, uidInside, type ContainerFacts } from './spec.ts'
import type { Examined } from '../../isolator.ts'
import { writeScaffold } from '../../sandbox/root-files.ts'

/**
 * Holds a running sandbox against its specification: what the kernel says of its first process and of its mounts. What
 * is expected is computed anew, not read from where it was written when the sandbox was started.
 */
export async function examineContainer(
  layout: Layout,
  { spec, pid, topmost }: { readonly spec: SandboxSpec; readonly pid: number; readonly topmost: string },
  facts: ContainerFacts,
): Promise<Examined> {
  const wanted = containerSpec(spec, facts) as Wanted // what that function makes
  const [process, mounts] = await Promise.all([processFacts(pid), mountsOf(pid)])
  const seen = `/proc/${pid}/root`
  const drift = [
    ...processDrift(process, wanted, { spec, uid: spec.idBase + appUid }),
    ...(await mountDrift(mounts, wanted, seen)),
    ...(await volumeDrift(spec, seen)),
  ]
  await writeScaffold(spec, uidInside(spec, facts), topmost)
  return { drift, ...(await rootSeen(layout, seen, mounts)) }
}

/** What is looked at of an OCI runtime specification. */
interface Wanted {
  readonly process: { readonly args: readonly string[]; readonly cwd: string; readonly env: readonly string[] }
  readonly mounts: readonly {
    readonly destination: string
    readonly type: string
    readonly options: readonly string[]
  }[]
  readonly linux: { readonly maskedPaths: readonly string[]; readonly readonlyPaths: readonly string[] }
}

const where = 'sandbox'

export function processDrift(
  found: ProcessFacts,
  { process: wanted }: Pick<Wanted, 'process'>,
  { spec, uid }: { readonly spec: SandboxSpec; readonly uid: number },
): Drift[] {
  const drift: Drift[] = []
  const differs = (what: string, expected: string, is: string) => {
    if (expected !== is) drift.push({ where, what: `${what} is ${is}, and should be ${expected}` })
  }
  differs('its command', JSON.stringify(wanted.args), JSON.stringify(found.argv))
  differs('its program', wanted.args[0] ?? '', found.program)
  differs('its working directory', wanted.cwd, found.workingDirectory)
  for (const [name, expected] of Object.entries(wallsOf(uid))) {
    differs(name, expected, (found.status.get(name) ?? '').replaceAll('\t', ' '))
  }
  return [...drift, ...environmentDrift(found.environment, wanted.env, spec)]
}

/** Lines of `/proc/PID/status` that say what a process may do (proc(5)). */
export function wallsOf(uid: number): Record<string, string> {
  const ids = Array(4).fill(uid).join(' ')
  const none = '0'.repeat(16)
  return { Uid: ids, Gid: ids, CapEff: none, CapPrm: none, CapBnd: none, NoNewPrivs: '1', Seccomp: '2' }
}

/** Values are only compared where they are no secrets, and never shown. */
export function environmentDrift(
  found: ReadonlyMap<string, string>,
  wanted: readonly string[],
  { env }: SandboxSpec,
): Drift[] {
  const expected = new Map(wanted.map((line): [string, string] => [nameOf(line), line.slice(nameOf(line).length + 1)]))
  const names = [...new Set([...expected.keys(), ...found.keys()])].sort()
  return names.flatMap((name) => {
    const [should, is] = [expected.get(name), found.get(name)]
    if (should === undefined) return [{ where, what: `the variable ${name} was added to its environment` }]
    if (is === undefined) return [{ where, what: `the variable ${name} is missing in its environment` }]
    const isSecret = env[name] instanceof Secret
    return isSecret || should === is ? [] : [{ where, what: `the variable ${name} has another value` }]
  })
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf('='))
}

/** Devices that every runtime makes (runtime-spec, config-linux.md, "Default Devices"). */
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'console'].map((name) => `/dev/${name}`)

async function mountDrift(
  mounts: readonly MountFacts[],
  { mounts: wanted, linux }: Wanted,
  seen: string,
): Promise<Drift[]> {
  const byPoint = new Map(mounts.map((mount) => [mount.point, mount]))
  const drift: Drift[] = []
  const say = (path: string, what: string) => drift.push({ where, path, what })
  const root = byPoint.get('/')
  if (root?.type !== 'overlay' || !root.options.includes('ro')) say('/', 'its root is no read-only stack of layers')
  for (const { destination, type, options } of wanted) {
    const mount = byPoint.get(destination)
    if (!mount) say(destination, 'is not mounted')
    else if (!['bind', 'cgroup', mount.type].includes(type)) say(destination, `is ${mount.type}, and should be ${type}`)
    else if (options.includes('ro') && !isReadOnly(mount)) say(destination, 'can be written to')
  }
  for (const path of [...linux.maskedPaths, ...linux.readonlyPaths]) {
    const mount = byPoint.get(path)
    if (!mount && (await exists(join(seen, path)))) say(path, 'is not covered')
    else if (mount && linux.readonlyPaths.includes(path) && !isReadOnly(mount)) say(path, 'can be written to')
  }
  const known = new Set([
    '/',
    ...devices,
    ...wanted.map(({ destination }) => destination),
    ...linux.maskedPaths,
    ...linux.readonlyPaths,
  ])
  for (const { point } of mounts) {
    if (!known.has(point) && !point.startsWith('/sys/fs/cgroup/')) say(point, 'is mounted, and should not be')
  }
  return drift
}

function isReadOnly({ options, superOptions, type }: MountFacts): boolean {
  // Of the many hierarchies of cgroup version 1, the directory that holds them is a tmpfs of the runtime's own.
  return options.includes('ro') || superOptions.includes('ro') || type === 'tmpfs'
}

export async function volumeDrift({ volumes }: SandboxSpec, seen: string): Promise<Drift[]> {
  const drift: Drift[] = []
  for (const { source, target } of volumes) {
    if (await isSameFile(source, join(seen, target))) continue
    drift.push({ where, path: target, what: `is not the volume in ${source}` })
  }
  return drift
}

/** Where this process sees a root, and what of it is hidden below its mounts there. @param seen by way of its process */
export async function rootSeen(
  layout: Layout,
  seen: string,
  mounts: readonly MountFacts[],
): Promise<Omit<Examined, 'drift'>> {
  // The same root without what is mounted over it, where this process sees that mount.
  if (await isSameFile(layout.root, seen)) return { root: layout.root, isBare: true, covered: new Set() }
  const covered = mounts.map(({ point }) => point.slice(1)).filter((path) => path !== '')
  return { root: seen, isBare: false, covered: new Set(covered) }
}
