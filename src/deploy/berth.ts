import type { Egress } from '../egress/egress.ts'
import type { Front } from '../front/front.ts'
import type { Instance, Paths } from '../host/instance.ts'
import type { ImageStore } from '../image/index.ts'
import type { Isolator } from '../isolation/isolator.ts'
import type { Emit } from '../model/events.ts'
import type { LevelName } from '../model/levels.ts'
import { hostNotReady } from '../model/problems/deploy.ts'
import type { State } from '../store/state.ts'
import type { Busy } from './busy.ts'
import type { Refusals } from './egress/refusals.ts'
import type { Endings } from './endings.ts'

/** Everything that changes of applications work with: the parts of one running berth. */
export interface Berth {
  readonly instance: Instance
  readonly paths: Paths
  readonly state: State
  readonly images: ImageStore
  readonly isolator: Isolator
  readonly front: Front
  readonly egress: Egress
  readonly refusals: Refusals
  /** First address of the block that sandboxes get theirs from. */
  readonly block: string
  readonly busy: Busy
  readonly endings: Endings
  /** Work that goes on after its command has been answered: draining. Waited for when the daemon ends. */
  readonly background: Set<Promise<void>>
  /** Which documents this daemon has attached, so that it need not look at them again; emptied when some are removed. */
  readonly documented: Set<string>
  /** Lines for the daemon's own log. */
  log(line: string): void
}

/**
 * Tells what is weaker on this host than elsewhere.
 * @throws hostNotReady naming everything that is missing
 */
export async function requireReadyHost({ isolator, front }: Berth, level: LevelName, emit: Emit): Promise<void> {
  const missing = (await Promise.all([isolator.missing(level), front.missing()])).flat()
  if (missing.length > 0) throw hostNotReady({ missing })
  for (const message of await isolator.weaknesses(level)) emit({ kind: 'notice', message })
}

/** Where an operator finds the daemon's log: systemd tells its services when theirs goes to the journal (systemd.exec(5)). */
export function logPlace({ paths }: Berth): string {
  return process.env['JOURNAL_STREAM'] === undefined ? paths.daemonLog : '`journalctl -u berth`'
}

/** Lets work go on by itself; a failure is a line in the log, never an unhandled rejection. */
export function inBackground(berth: Berth, what: string, work: Promise<void>): void {
  const guarded = work
    .catch((error: unknown) =>
      berth.log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    )
    .finally(() => berth.background.delete(guarded))
  berth.background.add(guarded)
}
