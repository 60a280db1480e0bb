import { setTimeout as sleep } from 'node:timers/promises'
import { cgroupFacts, leaveServiceGroup } from './cgroups.ts'
import { readText, removeTree, writeFileAtomically } from './files.ts'
import type { Instance } from './instance.ts'
import { isAlive, type ProcessIdentity, sendSignal, spawnDetached, waitForEnd } from './processes.ts'

/** A server of berth's that outlives this process and is found again by the next one. */
export interface Companion {
  /** What people call it. */
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  readonly logFile: string
  /** Where its process id and start time are kept. */
  readonly identityFile: string
  /** An argument that only this one has. */
  readonly mark: string
  /** Whether it does its work by now. */
  isReady(): Promise<boolean>
  /** What operators are told when it does not come to work. */
  notStarted(failure: CompanionFailure): Error
}

export interface CompanionFailure {
  readonly program: string
  readonly reason: string
  /** Its last words. */
  readonly lines: readonly string[]
}

/** The process of a companion that runs already; undefined when it does not. */
export async function findCompanion({ identityFile, mark }: Companion): Promise<ProcessIdentity | undefined> {
  const text = await readText(identityFile)
  if (!text) return undefined
  const identity = JSON.parse(text) as ProcessIdentity // written by `startCompanion` alone
  if (!(await isAlive(identity))) return undefined
  const commandLine = (await readText(`/proc/${identity.pid}/cmdline`).catch(() => '')) ?? ''
  return commandLine.split('\0').some((argument) => argument.includes(mark)) ? identity : undefined
}

/**
 * Starts a companion and waits until it is ready.
 * @throws what its `notStarted` makes of the failure
 */
export async function startCompanion(instance: Instance, companion: Companion): Promise<ProcessIdentity> {
  const { name, argv, env, logFile, identityFile } = companion
  const identity = await spawnDetached(argv, { logFile, ...(env ? { env } : {}) })
  await writeFileAtomically(identityFile, JSON.stringify(identity))
  await leaveServiceGroup(await cgroupFacts(), `/${instance.name}/companions`, identity.pid)
  const deadline = Date.now() + 15_000
  while (!(await companion.isReady())) {
    const isOver = !(await isAlive(identity))
    if (isOver || Date.now() > deadline) {
      await sendSignal(identity, 'SIGKILL')
      const lines = ((await readText(logFile)) ?? '').trim().split('\n').slice(-10)
      throw companion.notStarted({ program: name, reason: isOver ? 'ended at once' : 'does not answer', lines })
    }
    await sleep(20)
  }
  return identity
}

/** Ends a companion, if it runs. */
export async function endCompanion(companion: Companion): Promise<void> {
  const identity = await findCompanion(companion)
  if (identity) {
    await sendSignal(identity, 'SIGTERM')
    if (!(await waitForEnd(identity, 5000))) await sendSignal(identity, 'SIGKILL')
    await waitForEnd(identity, 1000)
  }
  await removeTree(companion.identityFile)
}
