import { join } from 'node:path'
import { canBoundIo, joinableDirectories } from '../../../host/cgroups.ts'
import { mkdir, readText, writeFile } from '../../../host/files.ts'
import type { Bundle } from '../../level.ts'
import type { HostFacts } from '../../sandbox/facts.ts'
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
 * The nodes of block devices that are named `major:minor`, as engines want them; none where control groups bound no speed.
 */
export async function devicesToBound({ cgroups }: HostFacts, names: readonly string[]): Promise<string[]> {
  if (!canBoundIo(cgroups)) return []
  const nodes = names.map(async (name) => {
    const facts = (await readText(`/sys/dev/block/${name}/uevent`)) ?? ''
    const node = /^DEVNAME=(.+)$/m.exec(facts)?.[1]
    return node === undefined ? [] : [`/dev/${node}`]
  })
  return (await Promise.all(nodes)).flat()
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
