import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../host/command.ts'
import { lchown, writeFile } from '../../../host/files.ts'
import { appUid } from '../../../model/sandbox.ts'
import type { Bundle } from '../../level.ts'
import { writeLaunchFiles } from '../launched/launch.ts'
import type { Step } from '../launched/steps.ts'
import { maskedPaths, memoryPlaces, terminalsAtMost, userNamespaceLimits } from '../walls.ts'
import { innerScript, places } from './inner.ts'
import { keepSupervised } from './inside.ts'
import { filesOf, stage } from './stage.ts'

/** A program of the host that makes a sandbox and stays beside it: systemd-nspawn, LXC. */
export interface Supervisor {
  readonly argv: readonly string[]
  readonly env: readonly string[]
  /** Control groups that it joins before it makes the sandbox. */
  readonly cgroups: readonly string[]
  /** What it needs before the stage is set; paths begin at the host's root. */
  readonly before?: readonly Step[]
  /** What it needs after that; paths begin at the sandbox's root. */
  readonly after?: readonly Step[]
  /** The application's user, as it sees itself. */
  readonly user: number
}

/** What process 1 runs until it is the application's. */
export const waiting = [places.shell, 'sh', places.script] as const

/** Writes what the launcher reads: it sets the stage, and becomes the supervisor. */
export async function prepareSupervised(bundle: Bundle, supervisor: Supervisor): Promise<void> {
  const { argv, env, cgroups, before = [], after = [], user } = supervisor
  const steps: Step[] = [['root', '/'], ...before, ...stage(bundle), ...after]
  await writeLaunchFiles(bundle.layout.launch, { argv, env, cgroups, steps, namespaces: ['mount', 'net'] })
  await prepareInside(bundle, user)
}

/** Writes what process 1 reads until it is the application's, and what commands inside will need. */
export async function prepareInside(bundle: Bundle, user: number): Promise<void> {
  const { layout, spec, terminal } = bundle
  const { script } = filesOf(layout)
  const owner = spec.idBase + appUid
  await Promise.all([
    writeFile(join(layout.launch, 'waits-inside'), ''),
    writeFile(script, innerScript(spec, { hasTerminal: terminal !== undefined }), { mode: 0o400 }).then(() =>
      lchown(script, owner, owner),
    ),
    keepSupervised(bundle, user),
  ])
}

/**
 * Builds the walls that the supervisor does not, while process 1 waits at its gate.
 * @param mountsShared whether that supervisor leaves `/dev/shm` to berth
 */
export async function completeWalls({ facts }: Bundle, pid: number, mountsShared = true): Promise<void> {
  const hidden = [...maskedPaths, '/dev/net', places.shell, places.script, places.gate]
  const limits = facts.givesUserNamespaces ? userNamespaceLimits : []
  const script = fileURLToPath(new URL('walls.pl', import.meta.url))
  const shared = mountsShared ? '' : sharedMemory
  await runCommand(['perl', script, String(pid), String(terminalsAtMost), shared, ...hidden, '--', ...limits])
}

/** Options of the memory on `/dev/shm`. */
export const sharedMemory = `mode=1777,size=${memoryPlaces.shared.bytes},nr_inodes=${memoryPlaces.shared.inodes}`
