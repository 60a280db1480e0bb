import { readlink } from '../../host/files.ts'
import { servingProcess } from '../stage/processes.ts'
import type { Scene } from '../stage/scene.ts'

/** Below it are root, and users that a host gives to people and services. */
export const firstOwnUser = 10_000

/** Whether the host counts it as a user that nobody else is. */
export async function hasOwnUser(scene: Scene): Promise<boolean> {
  const uid = (await scene.statusField('Uid')).split(/\s+/)[0] ?? ''
  return uid !== '' && Number(uid) >= firstOwnUser
}

/**
 * Whether what the kernel counts for each user namespace is at nobody else's cost: the maker of a namespace pays for all
 * in it, and is root (user_namespaces(7), `ucounts` of the kernel).
 */
export async function paysAlone(scene: Scene): Promise<boolean> {
  const pid = await servingProcess(scene.running.attacked.pid)
  const [own, host] = await Promise.all([readlink(`/proc/${pid}/ns/user`), readlink('/proc/self/ns/user')])
  return own === host && (await hasOwnUser(scene))
}
