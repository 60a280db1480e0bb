import { basename } from 'node:path'
import { limitSettings } from '../../../host/cgroup-limits.ts'
import type { CgroupFacts } from '../../../host/cgroups.ts'
import type { SandboxSpec } from '../../../model/sandbox.ts'
import type { SupervisedLimits } from '../supervised/level.ts'
import { sharedMemory } from '../supervised/prepare.ts'
import { resourceLimits, terminalsAtMost } from '../walls.ts'

/** What LXC's configuration depends on besides the sandbox. */
export interface LxcFacts {
  readonly cgroups: CgroupFacts
  readonly limits: SupervisedLimits
  readonly givesUserNamespaces: boolean
  readonly hardLimits: Readonly<Record<string, number>>
  readonly root: string
  /** The application's user, as it sees itself. */
  readonly user: number
  /** Control groups, from the root of each tree: the sandbox's, which LXC makes itself, and one for its own process. */
  readonly group: string
  readonly monitorGroup: string
  readonly filterFile: string
  /** Is run by the host's shell when the sandbox has ended and its control group is still there. */
  readonly endScript: string
  readonly hasTerminal: boolean
}

/** The configuration of a container as lxc.container.conf(5) has it. */
export function lxcConfig(spec: SandboxSpec, facts: LxcFacts): string {
  const lines: [string, string | number][] = [
    ['rootfs.path', `dir:${facts.root}`],
    ['rootfs.managed', 0],
    ['uts.name', spec.hostname],
    ...(facts.givesUserNamespaces ? identities(spec.idBase) : []),
    ['init.uid', facts.user],
    ['init.gid', facts.user],
    ['cap.keep', 'none'],
    ['no_new_privs', 1],
    ['seccomp.profile', facts.filterFile],
    ['seccomp.allow_nesting', 1], // over the filter of lxc.pl, which it would take for one that does
    // It is not for every host's LXC to find a profile of its own; the walls are all here.
    ['apparmor.profile', 'unconfined'],
    ['net.0.type', 'none'], // it stays in the one that it is started in
    ...places(facts),
    ...controlGroups(facts),
    ...Object.entries(resourceLimits(facts.hardLimits)).map(([name, limit]): [string, number] => [
      `prlimit.${name.replace('RLIMIT_', '').toLowerCase()}`,
      limit,
    ]),
    ['hook.stop', `/bin/sh ${facts.endScript}`],
  ]
  return lines.map(([key, value]) => `lxc.${key} = ${value}\n`).join('')
}

function identities(idBase: number): [string, string][] {
  return ['u', 'g'].map((kind) => ['idmap', `${kind} 0 ${idBase} 65536`])
}

function places({ hasTerminal }: LxcFacts): [string, string | number][] {
  return [
    ['autodev', 1],
    ['autodev.tmpfs.size', 65_536],
    ['pty.max', terminalsAtMost],
    ['tty.max', 0],
    ...(hasTerminal ? [] : [['console.path', 'none'] satisfies [string, string]]),
    ['mount.auto', 'proc:mixed cgroup:ro:force'],
    ['mount.entry', `tmpfs dev/shm tmpfs nosuid,nodev,noexec,${sharedMemory},create=dir 0 0`],
  ]
}

/** Character devices that every program may need: null, zero, full, random, urandom, tty, ptmx and ptys. */
const devices = ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:2', '136:*']

function controlGroups(facts: LxcFacts): [string, string][] {
  const { cgroups, limits, group, monitorGroup } = facts
  const key = cgroups.version === 2 ? 'cgroup2' : 'cgroup'
  const relative = (path: string) => path.replace(/^\//, '')
  return [
    ['cgroup.dir.container', relative(group)],
    ['cgroup.dir.monitor', `${relative(monitorGroup)}/lxc`],
    ['cgroup.dir.monitor.pivot', relative(monitorGroup)],
    ...limitSettings(cgroups, group, limits).map(({ file, value }): [string, string] => [
      `${key}.${basename(file)}`,
      value,
    ]),
    [`${key}.devices.deny`, 'a'],
    ...devices.map((device): [string, string] => [`${key}.devices.allow`, `c ${device} rwm`]),
  ]
}
