import { join } from 'node:path'
import type { CgroupFacts } from './cgroups.ts'
import { readText } from './files.ts'

/** Directories of the control groups that a process is in, each once; none when it has ended. */
export async function groupsOfProcess(facts: CgroupFacts, pid: number): Promise<string[]> {
  return directoriesOf(facts, (await readText(`/proc/${pid}/cgroup`).catch(() => undefined)) ?? '')
}

/** Reads a `/proc/PID/cgroup` (cgroups(7)): `4:memory:/berth/x` for a tree of version 1, `0::/berth/x` for version 2's. */
export function directoriesOf(facts: CgroupFacts, text: string): string[] {
  const unified = facts.version === 2 ? facts.root : facts.unified
  const found = text.split('\n').flatMap((line) => {
    const [, number, controllers = '', path = ''] = /^(\d+):([^:]*):(.+)$/.exec(line) ?? []
    if (number === undefined) return []
    const named = facts.version === 1 ? facts.roots.get(controllers.split(',')[0] ?? '') : undefined
    const root = number === '0' ? unified : named
    return root === undefined ? [] : [join(root, path)]
  })
  return [...new Set(found)]
}
