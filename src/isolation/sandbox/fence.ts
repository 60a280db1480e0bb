import type { Instance } from '../../host/instance.ts'
import { raiseKernelLimit } from '../../host/kernel-limits.ts'
import { ensureHostRules } from '../../host/network.ts'

const ready = new Map<string, Promise<void>>()

/**
 * Makes the host ready for sandboxes: the rules that fence in their network, and room for their shares of inotify.
 * Once for each process of berth, for loading the rules takes a fourth of a start; the watch renews them.
 */
export function ensureFence(instance: Instance): Promise<void> {
  const known = ready.get(instance.name)
  if (known) return known
  const work = Promise.all([ensureHostRules(instance), raiseKernelLimit('fs/inotify/max_user_instances', 8192)])
  const done = work.then(() => undefined)
  ready.set(instance.name, done)
  done.catch(() => ready.delete(instance.name))
  return done
}
