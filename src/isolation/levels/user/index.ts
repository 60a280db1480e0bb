import type { Level } from '../../level.ts'
import { nativeLevel, type NativeLevel } from '../launched/native.ts'
import { dataOnly, limitSteps } from '../launched/steps.ts'
import { examineOnHost } from '../process/examine.ts'
import { broughtBy } from '../process/brought.ts'
import { hostRoot } from '../process/host-root.ts'
import { programs } from '../../sandbox/programs.ts'
import { resourceLimits } from '../walls.ts'
import { hasLandlock } from './landlock.ts'
import { landlockRules } from './rules.ts'

/**
 * The `user` level: as `process`, and what a user may do is narrowed down to what the application needs: no new
 * privileges, no capability within reach, resource limits, files by Landlock, and processes of its own user only.
 */
const native: NativeLevel = {
  name: 'user',
  weaknesses: async () => ((await hasLandlock()) ? [] : [noLandlock]),
  init: programs.init,
  root: (bundle) => hostRoot(bundle, [['mount', 'proc', '/proc', dataOnly, 'hidepid=invisible']]),
  walls: async ({ spec, facts }) => [
    // The kernel counts a user's processes, not a sandbox's: while one release replaces another, both are that user.
    ...limitSteps(resourceLimits(facts.hardLimits, { RLIMIT_NPROC: spec.limits.pids })),
    ['bounded'],
    ['unprivileged'],
    landlockRules(
      (await broughtBy(spec.layers)).map((name) => `/${name}`),
      spec.volumes.map(({ target }) => target),
    ),
  ],
  examine: (bundle, running) => examineOnHost(native, bundle, running),
}

export const user: Level = nativeLevel(native)

const noLandlock =
  "this host's kernel has no Landlock (Linux 5.13 and `lsm=landlock,…` on its command line): applications at the level " +
  '`user` can read whatever every user of the host can read'
