import { join } from 'node:path'
import { type Instance, pathsOf } from '../../host/instance.ts'

/** Where the traces of one sandbox are; everything here lies in the run directory, which is memory. */
export function layoutOf(instance: Instance, id: string) {
  const bundle = join(pathsOf(instance).sandboxes, id)
  const runtimeRoot = join(instance.run, 'runc')
  const exits = join(instance.run, 'exits')
  return {
    bundle,
    config: join(bundle, 'config.json'),
    root: join(bundle, 'rootfs'),
    /** What the launcher of those levels reads that no OCI runtime gives. */
    launch: join(bundle, 'launch'),
    /** The topmost layer: mount points and generated files. */
    scaffold: join(bundle, 'scaffold'),
    links: join(bundle, 'links'),
    pidFile: join(bundle, 'pidfile'),
    monitorPidFile: join(bundle, 'conmon.pid'),
    /** conmon takes commands here, such as "open the log again". */
    control: join(bundle, 'ctl'),
    persist: join(bundle, 'persist'),
    outOfMemoryMark: join(bundle, 'persist', 'oom'),
    /** Which process of berth is at work on this sandbox. */
    owner: join(bundle, 'owner.json'),
    /** The sources of its volumes, while it needs them. */
    volumes: join(bundle, 'volumes.json'),
    /** There when nobody else may have them meanwhile. */
    volumesAlone: join(bundle, 'volumes-alone'),
    /** The name of its level. */
    level: join(bundle, 'level'),
    /** Written last: a bundle without it is half-made. */
    record: join(bundle, 'sandbox.json'),
    /** A private root: the standard one also holds other programs' containers. */
    runtimeRoot,
    runtimeState: join(runtimeRoot, id),
    exits,
    exitFile: join(exits, id),
    cgroup: `/${instance.name}/${groupPrefix}${id}`,
  } as const
}
export type Layout = ReturnType<typeof layoutOf>

/** Tells the control groups of sandboxes from those of builds and companions beside them. */
const groupPrefix = 'sandbox-'

/** The sandbox that a control group below the instance's own is of; undefined when it is another kind of group. */
export function sandboxOfGroup(name: string): string | undefined {
  return name.startsWith(groupPrefix) ? name.slice(groupPrefix.length) : undefined
}

/** Where the long-lived companions of berth (monitors, the front) go when they leave its service's group. */
export function companionGroup(instance: Instance): string {
  return `/${instance.name}/companions`
}
