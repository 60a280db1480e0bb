import { join } from 'node:path'
import { examinePosture } from '../audit/index.ts'
import { ownUserNamespace } from '../host/user-namespace.ts'
import type { AppStatus } from '../model/api.ts'
import { levelPromises, type PromiseName } from '../model/promises.ts'
import type { Release } from '../model/release.ts'
import { idBaseOf, volumeOf } from '../steps/start/spec.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'

/** Kinds of namespaces, by the promise that stands for them; mounts and network are an application's own at every level. */
const namespacesOf: Readonly<Partial<Record<PromiseName, string>>> = {
  ownProcesses: 'pid',
  ownIpc: 'ipc',
  ownHostName: 'uts',
  ownCgroups: 'cgroup',
  userNamespace: 'user',
}

/**
 * What the kernel says of all threads of a running application, held against its level's promises: reads some files of
 * `/proc` for each, and changes nothing. Of a level with a kernel of its own, these are the threads of that kernel.
 * @param pid its first process
 */
export async function postureOf(
  berth: Berth,
  app: App,
  { run: { level, limits, volumes } }: Release,
  pid: number,
): Promise<Pick<AppStatus, 'posture'>> {
  const folder = join(berth.paths.volumes, app.name)
  const idBase = idBaseOf(app.id)
  const spec = { level, idBase, limits, volumes: volumes.map((volume) => volumeOf(volume, folder)) }
  const lacksLimits = (await berth.isolator.cannotGive()).includes('memory')
  const { threads, drift } = await examinePosture(spec, pid, {
    ...(await wallsOf(berth, spec)),
    ...(lacksLimits ? { limits: {} } : {}),
  })
  return threads === 0 ? {} : { posture: { threads, drift } } // it has just ended
}

async function wallsOf({ isolator }: Berth, spec: Parameters<typeof examinePosture>[0]): Promise<WantedWalls> {
  const promises = levelPromises[spec.level]
  const outer = await isolator.outerWalls(spec)
  if (outer) {
    const { ownIds, ...walls } = outer
    return { ...walls, ...(ownIds ? {} : { ids: undefined }), ownNamespaces: ['mnt', 'net', 'ipc', 'uts'] }
  }
  const hasUserNamespace =
    promises.userNamespace && ownUserNamespace.isInitial && (await isolator.givesUserNamespaces())
  const kinds = Object.entries(namespacesOf).flatMap(([name, kind]) => {
    const isOwn = name === 'userNamespace' ? hasUserNamespace : promises[name as PromiseName]
    return isOwn ? [kind] : []
  })
  const isSealed = promises.seccomp && promises.noNewPrivileges && promises.emptyBoundingSet
  return {
    ...(isSealed ? { capabilities: 0n, isFiltered: () => true } : {}),
    ownNamespaces: ['mnt', 'net', ...kinds],
  }
}

type WantedWalls = Parameters<typeof examinePosture>[2]
