import type { Command } from './command.ts'
import { affected } from './commands/affected.ts'
import { audit } from './commands/audit.ts'
import { learn } from './commands/isolation.ts'
import { provenance, sbom } from './commands/bill.ts'
import { bundle } from './commands/bundle.ts'
import { completionOf } from './commands/completion.ts'
import { configList, configSet, configUnset } from './commands/config.ts'
import { build, deploy } from './commands/deploy.ts'
import { destroy } from './commands/destroy.ts'
import { diff } from './commands/diff.ts'
import { doctor } from './commands/doctor.ts'
import { explain } from './commands/explain.ts'
import { gc } from './commands/gc.ts'
import { init } from './commands/init.ts'
import { reproduce } from './commands/reproduce.ts'
import { key } from './commands/key.ts'
import { restart, rollback, start, stop } from './commands/lifecycle.ts'
import { lock } from './commands/lock.ts'
import { logs } from './commands/logs.ts'
import { outdated } from './commands/outdated.ts'
import { plan } from './commands/plan.ts'
import { ps } from './commands/ps.ts'
import { releases } from './commands/releases.ts'
import { exec, run } from './commands/run.ts'
import { scrub } from './commands/scrub.ts'
import { serve } from './commands/serve.ts'
import { status } from './commands/status.ts'
import { verify } from './commands/verify.ts'

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  init,
  deploy,
  build,
  lock,
  plan,
  reproduce,
  verify,
  audit,
  learn,
  outdated,
  diff,
  affected,
  sbom,
  provenance,
  key,
  bundle,
  ps,
  status,
  logs,
  run,
  exec,
  releases,
  rollback,
  restart,
  stop,
  start,
  configSet,
  configUnset,
  configList,
  destroy,
  gc,
  scrub,
  doctor,
  serve,
  explain,
  completionOf(() => commands),
]

/** What groups of commands are for. */
export const groups: Readonly<Record<string, string>> = {
  config: 'Set, remove and list the settings of an application',
}
