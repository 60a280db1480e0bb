import { join } from 'node:path'
import { joinableDirectories } from '../../../host/cgroups.ts'
import { mkdir, writeFile } from '../../../host/files.ts'
import type { Bundle } from '../../level.ts'
import { writeLaunchFiles } from '../launched/launch.ts'
import { prepareInside } from '../supervised/prepare.ts'
import { engineProfile } from './flags.ts'

export interface EngineCommand {
  readonly argv: readonly string[]
  readonly env: readonly string[]
  readonly user: number
}

export function seccompFileOf({ layout }: Pick<Bundle, 'layout'>): string {
  return join(layout.bundle, 'seccomp.json')
}

/**
 * Writes what the launcher reads to become an engine's client, and what process 1 reads until it is the application's:
 * the engine itself is told nothing secret, for it keeps what it is told.
 */
export async function prepareEngine(bundle: Bundle, { argv, env, user }: EngineCommand): Promise<void> {
  const { layout, facts } = bundle
  // Beside the application's own group: a group of version 2 with processes cannot have limited ones below it.
  const cgroups = joinableDirectories(facts.cgroups, join(layout.cgroup, 'client'))
  await Promise.all(cgroups.map((directory) => mkdir(directory, { recursive: true })))
  await writeLaunchFiles(layout.launch, { argv, env, cgroups, namespaces: [], steps: [] })
  await Promise.all([
    writeFile(seccompFileOf(bundle), JSON.stringify(engineProfile()), { mode: 0o600 }),
    prepareInside(bundle, user),
  ])
}
