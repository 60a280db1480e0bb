import { join } from 'node:path'
import type { Bundle } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { programs } from '../../sandbox/programs.ts'
import { dataOnly, settingSteps, type Step } from '../launched/steps.ts'
import { memoryPlaces, networkSettings } from '../walls.ts'
import { places } from './inner.ts'

/** A static program of Debian's busybox-static. */
export const shellProgram = '/bin/busybox'

/** Files of the host that the waiting process 1 needs. */
export function filesOf({ launch }: Layout) {
  return { script: join(launch, 'script'), gate: join(launch, 'gate') } as const
}

/**
 * What the launcher does before it becomes the supervising program, in the mount and network namespaces that this
 * program starts in: all that programs of this kind do not do, or not with these sizes and flags. They take what is
 * mounted below the root with it.
 */
export function stage({ layout, spec, facts }: Bundle): Step[] {
  const { run, temporary } = memoryPlaces
  const { script, gate } = filesOf(layout)
  return [
    ...settingSteps(networkSettings(facts)),
    ['write', '/proc/self/oom_score_adj', '500'],
    ['root', layout.root],
    memory('/tmp', 'mode=1777', spec.limits.tmpBytes, temporary.inodes),
    memory('/run', 'mode=1777', run.bytes, run.inodes),
    ['directory', places.directory],
    ...bound(programs.init, places.init, 'ro,nosuid,nodev'),
    ...bound(shellProgram, places.shell, 'ro,nosuid,nodev'),
    ...bound(script, places.script, `ro,${dataOnly}`),
    ...bound(gate, places.gate, `ro,${dataOnly}`),
    ...spec.volumes.map(({ source, target }): Step => ['bind', source, target, dataOnly]),
  ]
}

/** No sysfs, which tells about the host's hardware; but a place for the limits, by which Node and the JVM size themselves. */
export const withoutSysfs: readonly Step[] = [
  memory('/sys', 'mode=755', 64 * 1024, 64),
  ['directory', '/sys/fs'],
  ['directory', '/sys/fs/cgroup'],
]

function bound(source: string, target: string, flags: string): Step[] {
  return [
    ['file', target],
    ['bind', source, target, flags],
  ]
}

function memory(target: string, mode: string, bytes: number, inodes: number): Step {
  return ['mount', 'tmpfs', target, dataOnly, `${mode},size=${bytes},nr_inodes=${inodes}`]
}
