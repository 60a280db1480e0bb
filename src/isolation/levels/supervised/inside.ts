import { join } from 'node:path'
import { groupsOfProcess } from '../../../host/cgroup-membership.ts'
import { readText, writeFile } from '../../../host/files.ts'
import type { TerminalSize } from '../../isolator.ts'
import type { Bundle, InsideCommand, Running } from '../../level.ts'
import { environmentOf } from '../environment.ts'
import { launcherAt, writeLaunchFiles } from '../launched/launch.ts'
import { limitSteps, type Step } from '../launched/steps.ts'
import { resourceLimits } from '../walls.ts'

/** What a command inside needs to know of how its sandbox was made. */
interface Kept {
  readonly user: number
  readonly env: readonly string[]
  readonly workdir: string
}
const keptFile = 'inside.json'

/** Notes what commands inside will need; readable by root only, for secrets are in it. */
export async function keepForInside({ layout, spec }: Bundle, user: number): Promise<void> {
  const kept: Kept = { user, env: environmentOf(spec), workdir: spec.workdir }
  await writeFile(join(layout.launch, keptFile), JSON.stringify(kept), { mode: 0o600 })
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
  // Written by `keepForInside`, whole, before the sandbox was started.
  const { user, env, workdir } = JSON.parse((await readText(join(layout.launch, keptFile))) ?? '') as Kept
  const directory = `${layout.launch}-${process.pid}-${(counter += 1)}`
  const pidFile = join(directory, 'pid')
  const groups = await groupsOfProcess(facts.cgroups, init.pid)
  const steps: Step[] = [
    ['write', '/proc/self/oom_score_adj', '500'],
    ['within', String(init.pid), pidFile, ...groups],
    ...terminalStep(user, terminal),
    ['enter', workdir],
    ...limitSteps(resourceLimits(facts.hardLimits)),
    ['bounded'],
    ['user', String(user)],
    ['unprivileged'],
    ['filtered'],
  ]
  const named = terminal ? [...env, 'TERM=xterm-256color'] : env
  await writeLaunchFiles(directory, { argv, env: named, namespaces: [], cgroups: [], steps })
  return { command: [...launcherAt(directory), 'run'], pidFile, files: [directory] }
}
let counter = 0

function terminalStep(user: number, terminal?: TerminalSize): Step[] {
  return terminal ? [['terminal', String(terminal.columns), String(terminal.rows), String(user)]] : []
}
