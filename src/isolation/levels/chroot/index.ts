import type { Level } from '../../level.ts'
import { nativeLevel, type NativeLevel } from '../launched/native.ts'
import { limitSteps } from '../launched/steps.ts'
import { initTarget, mountSteps } from './mounts.ts'

/**
 * The `chroot` level: the image's own root, on the host's processes and kernel objects. What `chroot --userspec` does is
 * done in the same calls by the launcher, for that program starts everything in `/`, and neither gives up capabilities
 * for good nor refuses new privileges, which costs nothing.
 */
const native: NativeLevel = {
  name: 'chroot',
  init: initTarget,
  root: ({ layout, spec }) => Promise.resolve(mountSteps(spec, layout.root)),
  walls: ({ facts }) => [
    ...limitSteps(
      { RLIMIT_NOFILE: 4096, RLIMIT_CORE: 0, RLIMIT_MEMLOCK: 65_536, RLIMIT_MSGQUEUE: 0 },
      facts.hardLimits,
    ),
    ['bounded'],
    ['unprivileged'],
  ],
  examine: () => Promise.reject(new Error('not yet')),
}

export const chroot: Level = nativeLevel(native)
