import { runCommand } from '../../../host/command.ts'
import type { HostFacts } from '../../sandbox/facts.ts'

/** Debian 13's; Debian 12's of 20221219 ends at once when it is given a user namespace and the host's network. */
const firstWithOwnIds = 20_240_729

/** Whether gVisor's own kernel can run as nobody on the host. */
export async function givesOwnIds({ givesUserNamespaces }: HostFacts): Promise<boolean> {
  return givesUserNamespaces && takesOwnIds(await (version ??= askVersion()))
}
let version: Promise<string> | undefined

/** Both `0.0~20221219.0` (Debian's) and `release-20240729.0` (the project's own) are dates. */
export function takesOwnIds(said: string): boolean {
  const date = /^runsc version .*?(\d{8})/m.exec(said)?.[1]
  return date !== undefined && Number(date) >= firstWithOwnIds
}

async function askVersion(): Promise<string> {
  return (await runCommand(['runsc', '--version']).catch(() => undefined))?.stdout ?? ''
}
