import type { Level } from '../../level.ts'
import { nativeLevel, type NativeLevel } from '../launched/native.ts'
import { limitSteps, type Step } from '../launched/steps.ts'
import { resourceLimits } from '../walls.ts'
import { examineChroot } from './examine.ts'
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
  walls: ({ facts }) => Promise.resolve(chrootWalls(facts.hardLimits)),
  examine: (bundle, running) => examineChroot(native, bundle, running),
}

export const chroot: Level = nativeLevel(native)

function chrootWalls(hardLimits: Readonly<Record<string, number>>): Step[] {
  return [...limitSteps(resourceLimits(hardLimits)), ['bounded'], ['unprivileged']]
}
