import { appUid } from '../../../model/sandbox.ts'
import type { Examined, TerminalSize } from '../../isolator.ts'
import type { Bundle, InsideCommand, Level, Running } from '../../level.ts'
import type { HostFacts } from '../../sandbox/facts.ts'
import { missingPrograms } from '../../sandbox/missing.ts'
import { environmentOf } from '../environment.ts'
import { keepForInside, keptForInside, withUser } from './inside.ts'
import { insideByLauncher, launcher, writeLaunch } from './launch.ts'
import { networkSettings } from '../walls.ts'
import { settingSteps, type Step } from './steps.ts'

/** A level whose application is a process of the host's, with walls that the launcher puts round it. */
export interface NativeLevel {
  readonly name: Level['name']
  readonly weaknesses?: () => Promise<readonly string[]>
  /** Where the program is that becomes the first process, as the application sees it. */
  readonly init: string
  /** What the application sees of files; ends with `chroot`. */
  root(bundle: Bundle): Promise<readonly Step[]>
  /** What it may do, but for its user; the same for commands that run inside. */
  walls(bundle: Bundle): Promise<readonly Step[]>
  examine(bundle: Bundle, running: { readonly pid: number; readonly topmost: string }): Promise<Examined>
}

export function nativeLevel(native: NativeLevel): Level {
  return {
    name: native.name,
    missing: () => missingPrograms([{ program: 'perl', package: 'perl-base', purpose: 'starts the applications' }]),
    weaknesses: () => native.weaknesses?.() ?? [],
    uidInside: ({ idBase }) => idBase + appUid,
    prepare: (bundle) => prepare(native, bundle),
    runtime: launcher,
    inside,
    examine: (bundle, running) => native.examine(bundle, running),
  }
}

/** Of its own are its mounts and its network, for every level has those; of the host are its processes and the rest. */
const namespaces = ['mount', 'net'] as const

async function prepare(native: NativeLevel, bundle: Bundle): Promise<void> {
  const { layout, spec, facts, terminal } = bundle
  const env = environmentOf(spec)
  const user = String(spec.idBase + appUid)
  const [root, own] = await Promise.all([native.root(bundle), native.walls(bundle)])
  const walls: readonly Step[] = [['enter', spec.workdir], ...own]
  const steps = [...hostSettings(facts), ...root, ...withUser({ user, walls }, terminal)]
  await writeLaunch(bundle, { argv: firstProcess(native, bundle), env, namespaces, steps })
  await keepForInside(layout, { user, env, walls })
}

/** Reaps what the application leaves behind, and hands signals on; it is process 1 of nothing, so it has to ask for it. */
export function firstProcess({ init }: NativeLevel, { spec }: Bundle): string[] {
  return [init, '-s', '--', ...spec.argv]
}

async function inside(running: Running, argv: readonly string[], terminal?: TerminalSize): Promise<InsideCommand> {
  const { env, ...kept } = await keptForInside(running.layout)
  const join_: Step = ['join', String(running.init.pid), ...namespaces]
  return insideByLauncher(running, { argv, env, steps: [join_, ...withUser(kept, terminal)] })
}

function hostSettings(facts: HostFacts): Step[] {
  return [
    ...settingSteps(networkSettings(facts)),
    // Where memory has no limit, what takes too much of it ends before what it takes it from.
    ['write', '/proc/self/oom_score_adj', '500'],
  ]
}
