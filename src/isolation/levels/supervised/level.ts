import type { GroupLimits } from '../../../host/cgroup-limits.ts'
import { openFile } from '../../../host/files.ts'
import type { Bundle, Level } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { missingPrograms, type NeededProgram } from '../../sandbox/missing.ts'
import { uidInside } from '../container/spec.ts'
import { noUserNamespaces } from '../container/index.ts'
import { launcher } from '../launched/launch.ts'
import { examineSupervised } from './examine.ts'
import { firstProcessOf } from './first-process.ts'
import { insideSupervised } from './inside.ts'
import { completeWalls } from './prepare.ts'
import { shellProgram } from './stage.ts'

/** A level whose sandboxes a program of the host makes and stays beside. */
export interface SupervisedLevel {
  readonly name: Level['name']
  readonly needed: NeededProgram
  /** Whether the program mounts `/dev/shm` as it is told; else berth does, over what is there. */
  readonly mountsShared: boolean
  prepare(bundle: Bundle, limits: SupervisedLimits): Promise<void>
  /** Limits that can be set only once the program has made the application's own control group. */
  limitPayload?(bundle: Bundle): Promise<void>
  readonly remove?: (layout: Layout) => Promise<void>
}

/** Limits of the application's control group, as `limitSettings` takes them. */
export type SupervisedLimits = GroupLimits & { readonly countsSwap: boolean }

export function limitsOf({ spec, facts }: Bundle, volumeDevices: readonly string[]): SupervisedLimits {
  const { memoryBytes, cpus, pids, ioBytesPerSecond } = spec.limits
  const io = { devices: volumeDevices, bytesPerSecond: ioBytesPerSecond }
  return { memoryBytes, cpus, pids, io, countsSwap: facts.countsSwap }
}

export function supervisedLevel(level: SupervisedLevel): Level {
  return {
    name: level.name,
    missing: () => missing(level),
    weaknesses: ({ givesUserNamespaces }) => (givesUserNamespaces ? [] : [noUserNamespaces]),
    uidInside,
    prepare: (bundle, volumeDevices) => level.prepare(bundle, limitsOf(bundle, volumeDevices)),
    runtime: launcher,
    firstProcess: ({ spec }, pid) => firstProcessOf(pid, spec.logFile),
    settle: async (bundle, pid) => {
      await Promise.all([completeWalls(bundle, pid, level.mountsShared), level.limitPayload?.(bundle)])
    },
    inside: insideSupervised,
    ...(level.remove ? { remove: level.remove } : {}),
    examine: examineSupervised,
  }
}

async function missing({ needed }: SupervisedLevel): Promise<string[]> {
  const [programs, hasShell] = await Promise.all([
    missingPrograms([needed, { program: 'perl', package: 'perl-base', purpose: 'starts it' }]),
    isStatic(shellProgram),
  ])
  return hasShell ? programs : [...programs, shellMissing]
}

const shellMissing =
  `a \`${shellProgram}\` without libraries, which lets applications wait until their sandboxes are complete, is missing: ` +
  'apt-get install busybox-static'

/** Whether a program needs nothing else to run: near its beginning it would name the loader that it needs (elf(5)). */
async function isStatic(path: string): Promise<boolean> {
  const file = await openFile(path, 'r').catch(() => undefined)
  if (!file) return false
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return bytesRead > 0 && !buffer.includes('/ld-')
  } finally {
    await file.close()
  }
}
