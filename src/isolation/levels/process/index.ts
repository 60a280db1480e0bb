import type { Level } from '../../level.ts'
import { nativeLevel, type NativeLevel } from '../launched/native.ts'
import { programs } from '../../sandbox/programs.ts'
import { examineOnHost } from './examine.ts'
import { hostRoot } from './host-root.ts'

/**
 * The `process` level: what a virtualenv or `node_modules` gives. The host's own files and programs, with what the image
 * brings in its place; a user of its own and nothing else.
 */
const native: NativeLevel = {
  name: 'process',
  init: programs.init,
  root: (bundle) => hostRoot(bundle),
  walls: () => Promise.resolve([]),
  examine: (bundle, running) => examineOnHost(native, bundle, running),
}

export const process_: Level = nativeLevel(native)
