import { join } from 'node:path'
import { type Instance, pathsOf } from '../host/instance.ts'

/** Where the traces of one sandbox are; everything here lies in the run directory, which is memory. */
export function layoutOf(instance: Instance, id: string) {
  const bundle = join(pathsOf(instance).sandboxes, id)
  const runtimeRoot = join(instance.run, 'runc')
  const exits = join(instance.run, 'exits')
  return {
    bundle,
    config: join(bundle, 'config.json'),
    root: join(bundle, 'rootfs'),
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
    /** Written last: a bundle without it is half-made. */
    record: join(bundle, 'sandbox.json'),
    /** A private root: the standard one also holds other programs' containers. */
    runtimeRoot,
    runtimeState: join(runtimeRoot, id),
    exits,
    exitFile: join(exits, id),
    cgroup: `${sandboxGroups(instance)}/${id}`,
  } as const
}
export type Layout = ReturnType<typeof layoutOf>

/** The control group above those of all sandboxes; builds and monitors have groups beside it. */
export function sandboxGroups(instance: Instance): string {
  return `/${instance.name}/sandboxes`
}

/** Where the long-lived companions of berth (monitors, the front) go when they leave its service's group. */
export function companionGroup(instance: Instance): string {
  return `/${instance.name}/companions`
}
