import { after, describe } from 'node:test'
import type { LevelName } from '../../src/model/levels.ts'
import { removeIdleSandbox } from './idle-sandbox.ts'
import { commandsInSandboxes } from './isolator-commands.ts'
import { filesOfSandboxes } from './isolator-files.ts'
import { lifeOfSandboxes } from './isolator-life.ts'
import { limitsOfSandboxes } from './isolator-limits.ts'
import { logOfSandboxes } from './isolator-log.ts'
import { networkOfSandboxes } from './isolator-network.ts'
import { processOfSandboxes } from './isolator-process.ts'

/**
 * What every level promises. What only some of them do is in `levelPromises` and `levelFacts`: there the promise is
 * tested where it is made, and its absence where it is not.
 */
export function isolatorContract(level: LevelName): void {
  describe(`${level} isolator`, { concurrency: false }, () => {
    after(() => removeIdleSandbox(level))
    lifeOfSandboxes(level)
    commandsInSandboxes(level)
    logOfSandboxes(level)
    processOfSandboxes(level)
    filesOfSandboxes(level)
    limitsOfSandboxes(level)
    networkOfSandboxes(level)
  })
}
