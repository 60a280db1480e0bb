import { join } from 'node:path'
import { groupsOfProcess } from '../../../host/cgroup-membership.ts'
import type { TerminalSize } from '../../isolator.ts'
import type { Bundle, InsideCommand, Running } from '../../level.ts'
import { environmentOf } from '../environment.ts'
import { insideDirectory, keepForInside, keptForInside, withUser } from '../launched/inside.ts'
import { launcherAt, writeLaunchFiles } from '../launched/launch.ts'
import { limitSteps, type Step } from '../launched/steps.ts'
import { resourceLimits } from '../walls.ts'

/** Notes what `insideSupervised` will need. @param user the application's, as it sees itself */
export async function keepSupervised({ layout, spec, facts }: Bundle, user: number): Promise<void> {
  const walls: Step[] = [['enter', spec.workdir], ...limitSteps(resourceLimits(facts.hardLimits)), ['bounded']]
  await keepForInside(layout, { user: String(user), env: environmentOf(spec), walls })
}

/**
 * A command in a sandbox of a supervising program: in the namespaces and control groups of its process 1, without
 * capabilities, and behind the very filters that this process has, whoever made them.
 */
export async function insideSupervised(
  { layout, init, facts }: Running,
  argv: readonly string[],
  terminal?: TerminalSize,
): Promise<InsideCommand> {
  const { env, ...kept } = await keptForInside(layout)
  const directory = insideDirectory(layout)
  const pidFile = join(directory, 'pid')
  const groups = await groupsOfProcess(facts.cgroups, init.pid)
  const steps: Step[] = [
    ['write', '/proc/self/oom_score_adj', '500'],
    ['within', String(init.pid), pidFile, ...groups],
    ...withUser(kept, terminal),
    ['unprivileged'],
    ['filtered'],
  ]
  const named = terminal ? [...env, 'TERM=xterm-256color'] : env
  await writeLaunchFiles(directory, { argv, env: named, namespaces: [], cgroups: [], steps })
  return { command: [...launcherAt(directory), 'run'], pidFile, files: [directory] }
}
