import { dirname } from 'node:path'
import { CommandFailed, runCommand } from '../host/command.ts'
import { exists, hasCode, readText, statfs } from '../host/files.ts'
import { pathsOf, type Instance } from '../host/instance.ts'
import { isPortTaken } from '../host/probes.ts'
import { isClone, isInstalled, listPackages } from './packages.ts'
import { findDaemon } from './start-daemon.ts'
import { version } from '../model/version.ts'

/** One thing that berth needs of a host. */
export interface Check {
  readonly name: string
  /** `unknown`: it cannot be told from here, mostly for want of root. */
  readonly state: 'have' | 'missing' | 'unknown'
  /** Whether berth cannot deploy without it. */
  readonly needed: boolean
  readonly detail: string
  /** How to get it, when it is missing. */
  readonly fix?: string
}

export interface DoctorFacts {
  readonly instance: Instance
  readonly environment: NodeJS.ProcessEnv
  readonly isRoot: boolean
  readonly signal: AbortSignal
}

const bytesWanted = 2 * 1024 ** 3

/** Looks at everything berth needs. Changes nothing. */
export async function examineHost(facts: DoctorFacts): Promise<Check[]> {
  const groups = await Promise.all([checkPackages(facts), checkKernel(facts), checkRoom(facts), checkDaemon(facts)])
  return groups.flat()
}

async function checkPackages({ environment }: DoctorFacts): Promise<Check[]> {
  const inClone = await isClone()
  const wanted = (await listPackages()).filter(({ name, purpose }) => purpose === 'run' && (name !== 'npm' || inClone))
  return Promise.all(
    wanted.map(async (item) => {
      const there = await isInstalled(item, environment['PATH'] ?? '')
      const fix = there ? {} : { fix: `\`sudo apt-get install ${item.name}\`, or \`sudo berth doctor --fix\`` }
      return { name: item.name, needed: true, state: there ? 'have' : 'missing', detail: item.reason, ...fix } as const
    }),
  )
}

async function checkKernel(facts: DoctorFacts): Promise<Check[]> {
  const fileSystems = (await readText('/proc/filesystems')) ?? ''
  const status = (await readText('/proc/self/status')) ?? ''
  const has = (name: string, isThere: boolean, detail: string, fix: string): Check => ({
    name,
    needed: true,
    state: isThere ? 'have' : 'missing',
    detail,
    ...(isThere ? {} : { fix }),
  })
  const kernel = 'use a kernel that has it, such as Debian 12 or later'
  const namespaces = ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup', 'user']
  const present = await Promise.all(namespaces.map((name) => exists(`/proc/self/ns/${name}`)))
  const absent = namespaces.filter((_, index) => !present[index])
  return [
    has('overlayfs', /\boverlay$/m.test(fileSystems), 'stacks the layers of images', '`sudo modprobe overlay`'),
    has(
      'namespaces',
      absent.length === 0,
      absent.length === 0 ? 'keep sandboxes apart' : `not there: ${absent.join(', ')}`,
      kernel,
    ),
    has('seccomp', /^Seccomp:/m.test(status), 'limits the system calls of sandboxes', kernel),
    await checkControllers(),
    await checkPacketFilter(facts),
  ]
}

/** Memory, CPU and process limits: from cgroup v2, or from v1's controllers. */
async function checkControllers(): Promise<Check> {
  const wanted = ['memory', 'cpu', 'pids']
  const unified = await readText('/sys/fs/cgroup/cgroup.controllers')
  const v1 = (await readText('/proc/cgroups')) ?? ''
  const enabled = unified?.trim().split(' ') ?? [...v1.matchAll(/^([a-z_]+)\t.*\t1$/gm)].map((match) => match[1])
  const absent = wanted.filter((name) => !enabled.includes(name))
  return {
    name: 'cgroups',
    needed: true,
    state: absent.length === 0 ? 'have' : 'missing',
    detail: absent.length === 0 ? `${unified ? 'v2' : 'v1'}: limits sandboxes` : `not enabled: ${absent.join(', ')}`,
    ...(absent.length === 0
      ? {}
      : { fix: `boot with \`cgroup_enable=${absent.join(',')}\` on the kernel command line` }),
  }
}

async function checkPacketFilter({ isRoot }: DoctorFacts): Promise<Check> {
  const check = { name: 'nft', needed: true, detail: 'the kernel takes its rules' } as const
  if (!isRoot) return { ...check, state: 'unknown', detail: 'only root may ask the kernel for its rules' }
  try {
    await runCommand(['nft', '--check', 'add table inet berth-doctor'])
    return { ...check, state: 'have' }
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    const detail = error.stderr.trim().split('\n')[0] ?? 'it failed'
    return { ...check, state: 'missing', detail, fix: '`sudo modprobe nf_tables`, or install nftables' }
  }
}

async function checkRoom({ instance }: DoctorFacts): Promise<Check[]> {
  const place = await nearestExisting(instance.home)
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const isEnough = free >= bytesWanted
  return [
    {
      name: 'disk',
      needed: true,
      state: isEnough ? 'have' : 'missing',
      detail: `${(free / 1e9).toFixed(1)} GB free for ${instance.home}`,
      ...(isEnough ? {} : { fix: 'make room (`sudo berth gc`), or set `BERTH_HOME` to a larger file system' }),
    },
  ]
}

async function nearestExisting(path: string): Promise<string> {
  return (await exists(path)) ? path : nearestExisting(dirname(path))
}

async function checkDaemon({ instance, signal }: DoctorFacts): Promise<Check[]> {
  const check = { name: 'daemon', needed: false } as const
  const info = await findDaemon(instance, signal).catch((error: unknown) => {
    if (hasCode(error, 'EACCES', 'EPERM')) return 'forbidden' as const
    throw error
  })
  const port = await checkPort(instance, info !== undefined)
  if (info === 'forbidden') return [{ ...check, state: 'unknown', detail: 'only root may speak with it' }, port]
  if (!info) return [{ ...check, state: 'missing', detail: 'does not run', fix: 'the next command starts it' }, port]
  const detail = `berth ${info.version}, pid ${info.pid}, home ${info.home}`
  const differs = info.version === version ? '' : ` (this is ${version})`
  return [{ ...check, state: 'have', detail: detail + differs }, port]
}

/** A daemon that runs holds the port through its front, or has said why it could not. */
async function checkPort(instance: Instance, daemonRuns: boolean): Promise<Check> {
  const { httpPort } = instance
  const check = { name: `port ${httpPort}`, needed: true } as const
  const isTaken = httpPort !== 0 && (await isPortTaken(httpPort))
  if (!isTaken) return { ...check, state: 'have', detail: 'free' }
  if (daemonRuns || (await exists(pathsOf(instance).front))) {
    return { ...check, state: 'have', detail: "held by berth's front" }
  }
  return {
    ...check,
    state: 'missing',
    detail: 'another program answers there',
    fix: `stop it (\`sudo ss -ltnp 'sport = :${httpPort}'\` names it), or set \`BERTH_HTTP_PORT\``,
  }
}
