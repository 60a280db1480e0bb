import { examinePosture } from '../audit/index.ts'
import { ownUserNamespace } from '../host/user-namespace.ts'
import type { AppStatus } from '../model/api.ts'
import { levelPromises, type PromiseName } from '../model/promises.ts'
import type { Release } from '../model/release.ts'
import { idBaseOf } from '../steps/start/spec.ts'
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
 * `/proc` for each, and changes nothing.
 * @param pid its first process
 */
export async function postureOf(
  { isolator }: Berth,
  app: App,
  { run: { level, limits } }: Release,
  pid: number,
): Promise<Pick<AppStatus, 'posture'>> {
  const promises = levelPromises[level]
  if (!promises.seenFromHost) return {}
  const hasUserNamespace =
    promises.userNamespace && ownUserNamespace.isInitial && (await isolator.givesUserNamespaces())
  const kinds = Object.entries(namespacesOf).flatMap(([name, kind]) => {
    const isOwn = name === 'userNamespace' ? hasUserNamespace : promises[name as PromiseName]
    return isOwn ? [kind] : []
  })
  const lacksLimits = (await isolator.cannotGive()).length > 0
  const { threads, drift } = await examinePosture({ level, idBase: idBaseOf(app.id), limits }, pid, {
    isSealed: promises.seccomp && promises.noNewPrivileges && promises.emptyBoundingSet,
    ownNamespaces: ['mnt', 'net', ...kinds],
    ...(lacksLimits ? { limits: {} } : {}),
  })
  return threads === 0 ? {} : { posture: { threads, drift } } // it has just ended
}
