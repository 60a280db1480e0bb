import { join } from 'node:path'
import type { CgroupFacts } from '../../../host/cgroups.ts'
import { readText, symlink } from '../../../host/files.ts'
import { findProgram, programOfLink } from '../../../host/programs.ts'
import type { CommandLine } from '../../level.ts'
import type { HostFacts } from '../../sandbox/facts.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { missingPrograms } from '../../sandbox/missing.ts'

/** OCI runtimes that make containers of this level, the preferred one first. */
const runtimes = ['runc', 'crun'] as const
type Runtime = (typeof runtimes)[number]

/** Says which of them to use on hosts that have both. */
const variable = 'BERTH_RUNTIME'

/** What of them this host lacks, with the fix. */
export async function missingRuntime({ cgroups }: HostFacts): Promise<string[]> {
  const demanded = process.env[variable]
  if (demanded !== undefined && !isRuntime(demanded))
    return [`${variable} is \`${demanded}\`, and only ${runtimes.join(' and ')} are known: set it to one of them`]
  const runtime = (await chosen()) ?? 'runc'
  const absent = await missingPrograms([{ program: runtime, package: runtime, purpose: 'makes the containers' }])
  return runtime === 'crun' && (await isMixed(cgroups)) ? [...absent, mixed] : absent
}

/** Whether controllers are in trees of both versions of control groups. */
async function isMixed(cgroups: CgroupFacts): Promise<boolean> {
  if (cgroups.version === 2 || cgroups.unified === undefined) return false
  return ((await readText(join(cgroups.unified, 'cgroup.controllers'))) ?? '').trim() !== ''
}

const mixed =
  'crun makes no containers where version 2 of control groups has controllers beside version 1: apt-get install runc, ' +
  'or boot with systemd.unified_cgroup_hierarchy=1'

/** Chooses the runtime of a sandbox and notes it in its bundle: whoever made a container has to remove it, too. */
export async function noteRuntime(layout: Layout): Promise<Runtime> {
  const runtime = (await chosen()) ?? 'runc'
  await symlink((await findProgram(runtime)) ?? runtime, noteOf(layout))
  return runtime
}

/** The runtime that made a sandbox, with the private root that keeps berth's containers apart from others'. */
export function runtimeOf(layout: Layout): CommandLine {
  return [nameOf(layout), '--root', layout.runtimeRoot]
}

/** So that the control group of what has ended stays; crun knows no such word, and takes the group away. */
export function runOptionsOf(layout: Layout): string[] {
  return nameOf(layout) === 'runc' ? ['--keep'] : []
}

/** Berths that knew only runc noted nothing. */
function nameOf(layout: Layout): Runtime {
  const noted = programOfLink(noteOf(layout))
  return runtimes.find((name) => name === noted) ?? 'runc'
}

function noteOf(layout: Layout): string {
  return join(layout.bundle, 'runtime')
}

async function chosen(): Promise<Runtime | undefined> {
  const demanded = process.env[variable]
  if (demanded !== undefined && isRuntime(demanded)) return demanded
  for (const name of runtimes) if ((await findProgram(name)) !== undefined) return name
  return undefined
}

function isRuntime(name: string): name is Runtime {
  return runtimes.some((runtime) => runtime === name)
}
