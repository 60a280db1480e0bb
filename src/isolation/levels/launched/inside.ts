import { join } from 'node:path'
import { readText, writeFile } from '../../../host/files.ts'
import type { TerminalSize } from '../../isolator.ts'
import type { Layout } from '../../sandbox/layout.ts'
import type { Step } from './steps.ts'

/** What a command inside needs to know of how its sandbox was made. */
export interface Kept {
  /** As the sandbox sees it. */
  readonly user: string
  readonly env: readonly string[]
  /** From where the program starts to what only root can give up. */
  readonly walls: readonly Step[]
}

const fileName = 'inside.json'

/** Notes what commands inside will need; readable by root only, for secrets are in it. */
export async function keepForInside({ launch }: Layout, kept: Kept): Promise<void> {
  await writeFile(join(launch, fileName), JSON.stringify(kept), { mode: 0o600 })
}

export async function keptForInside({ launch }: Layout): Promise<Kept> {
  // Written by `keepForInside`, whole, before the sandbox was started.
  return JSON.parse((await readText(join(launch, fileName))) ?? '') as Kept
}

/** A name that no other command inside has, of this berth or of another, for what the launcher reads. */
export function insideDirectory({ launch }: Layout): string {
  return `${launch}-${process.pid}-${(counter += 1)}`
}
let counter = 0

/** A program that is about to lose root, and with it whatever only root may do. */
export function withUser({ user, walls }: Omit<Kept, 'env'>, terminal?: TerminalSize): Step[] {
  const terminalSteps: Step[] = terminal ? [['terminal', String(terminal.columns), String(terminal.rows), user]] : []
  return [...terminalSteps, ...walls, ['user', user]]
}
