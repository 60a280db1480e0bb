import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { joinableDirectories } from '../../../host/cgroups.ts'
import { mkdir, writeFile } from '../../../host/files.ts'
import type { Bundle, CommandLine, InsideCommand, Running } from '../../level.ts'
import type { Layout } from '../../sandbox/layout.ts'
import { insideDirectory } from './inside.ts'
import { encodeSteps, type Step } from './steps.ts'

/** What `launcher.pl` starts. */
export interface Launch {
  /** A program of the host, by its absolute path, and its arguments; it becomes the sandbox's first process. */
  readonly argv: readonly string[]
  readonly env: readonly string[]
  readonly namespaces: readonly ('mount' | 'uts' | 'ipc' | 'net')[]
  /** Directories of control groups that it joins before anything else. */
  readonly cgroups: readonly string[]
  /** What else it goes through before it is that program. */
  readonly steps?: readonly Step[]
}

/** The runtime of levels that no OCI runtime gives. */
export function launcher(layout: Layout): CommandLine {
  return launcherAt(layout.launch)
}

export function launcherAt(directory: string): CommandLine {
  return ['perl', fileURLToPath(new URL('launcher.pl', import.meta.url)), '--at', directory]
}

/** Makes the sandbox's control groups and writes what the launcher reads; readable by root only, for it holds secrets. */
export async function writeLaunch({ layout, facts, waits }: Bundle, launch: Omit<Launch, 'cgroups'>): Promise<void> {
  const cgroups = joinableDirectories(facts.cgroups, layout.cgroup)
  await Promise.all(cgroups.map((directory) => mkdir(directory, { recursive: true })))
  await writeLaunchFiles(layout.launch, { ...launch, cgroups })
  if (waits) await writeFile(join(layout.launch, 'waits'), '')
}

/** A command beside the application: in its control groups, and for the rest whatever `argv` itself enters. */
export async function insideByLauncher(
  { layout, facts }: Running,
  launch: Pick<Launch, 'argv' | 'env' | 'steps'>,
): Promise<InsideCommand> {
  const directory = insideDirectory(layout)
  const cgroups = joinableDirectories(facts.cgroups, layout.cgroup)
  await writeLaunchFiles(directory, { ...launch, namespaces: [], cgroups })
  const pidFile = join(directory, 'pid')
  return { command: [...launcherAt(directory), 'run', '--pid-file', pidFile], pidFile, files: [directory] }
}

export async function writeLaunchFiles(
  directory: string,
  { argv, env, namespaces, cgroups, steps = [] }: Launch,
): Promise<void> {
  await mkdir(directory, { mode: 0o700 })
  const ended = (items: readonly string[], end: string) => items.map((item) => `${item}${end}`).join('')
  const files = {
    argv: ended(argv, '\0'),
    env: ended(env, '\0'),
    namespaces: ended(namespaces, '\n'),
    cgroups: ended(cgroups, '\n'),
    steps: encodeSteps(steps),
  }
  await Promise.all(
    Object.entries(files).map(([name, text]) => writeFile(join(directory, name), text, { mode: 0o600 })),
  )
}
