import { type CgroupFacts, outOfMemoryKills } from '../../host/cgroups.ts'
import { exists, readText, writeFile, writeFileAtomically } from '../../host/files.ts'
import { identify, isAlive, type ProcessIdentity } from '../../host/processes.ts'
import { defaultLevel, levelNames, type LevelName } from '../../model/levels.ts'
import type { Exit } from '../../model/sandbox.ts'
import type { Layout } from './layout.ts'

/** What berth notes about a sandbox that it has started, for the berth that comes after it. */
export interface SandboxNote {
  readonly id: string
  readonly level: LevelName
  readonly init: ProcessIdentity
  readonly monitor: ProcessIdentity
  readonly logFile: string
  /** See `SandboxSpec`. */
  readonly stopSignal?: string | undefined
}

export async function writeRecord(layout: Layout, note: SandboxNote): Promise<void> {
  await writeFileAtomically(layout.record, JSON.stringify(note))
}

export async function readRecord(layout: Layout): Promise<SandboxNote | undefined> {
  const text = await readText(layout.record)
  // Written by this module alone, whole, into a directory of root's.
  return text === undefined ? undefined : (JSON.parse(text) as SandboxNote)
}

/**
 * Notes that this process is at work on a sandbox, so that nobody takes what is half-made for debris, and on which
 * level it is made, so that anybody can remove it.
 */
export async function claim(layout: Layout, level: LevelName): Promise<void> {
  await writeFile(layout.level, level)
  await writeFile(layout.owner, JSON.stringify(await identify(process.pid)))
}

/** The level that a sandbox was made on; berths that had only one did not note it. */
export async function levelOf(layout: Layout): Promise<LevelName> {
  const noted = await readText(layout.level)
  return levelNames.find((name) => name === noted) ?? defaultLevel
}

/** Whether a berth that still lives is at work on a sandbox. */
export async function isClaimed(layout: Layout): Promise<boolean> {
  const text = await readText(layout.owner)
  if (!text) return false
  return isAlive(JSON.parse(text) as ProcessIdentity) // written by `claim` alone
}

/** How a sandbox ended, as its monitor wrote it down; undefined while it runs or when nobody saw it. */
export async function readExit(layout: Layout, facts: CgroupFacts): Promise<Exit | undefined> {
  const text = await readText(layout.exitFile)
  if (!text) return undefined
  return exitFrom(Number(text.trim()), await lackedMemory(layout, facts))
}

/** Whether something in a sandbox was ended for want of memory, by its monitor's word or by the kernel's. */
export async function lackedMemory(layout: Layout, facts: CgroupFacts): Promise<boolean> {
  return (await exists(layout.outOfMemoryMark)) || (await outOfMemoryKills(facts, layout.cgroup)) > 0
}

/** A shell, tini, the runtime and the monitor all report "ended by signal N" as 128 + N. */
export function exitFrom(code: number, outOfMemory: boolean): Exit {
  return code > 128 && code <= 128 + 64
    ? { kind: 'signal', signal: code - 128, outOfMemory }
    : { kind: 'code', code, outOfMemory }
}
