import { runCommand } from '../../../host/command.ts'

/** Whether the kernel confines processes to files by path (landlock(7)); looked up once. */
export function hasLandlock(): Promise<boolean> {
  return (known ??= askKernel())
}
let known: Promise<boolean> | undefined

/** Asks for its version, which is all that landlock_create_ruleset(2) tells without a ruleset. */
async function askKernel(): Promise<boolean> {
  const ask = ['perl', '-e', 'exit(syscall(444, 0, 0, 1) > 0 ? 0 : 1)'] as const
  return (await runCommand(ask, { allowCodes: [0, 1] }).catch(() => undefined))?.code === 0
}
