import type { LevelName } from '../../src/model/levels.ts'
import type { SandboxSpec } from '../../src/model/sandbox.ts'
import { TestSandboxes } from './test-sandboxes.ts'

/** A sandbox that does nothing. */
interface Idle {
  readonly all: TestSandboxes
  readonly id: string
  readonly spec: SandboxSpec
}

const idle = new Map<LevelName, Promise<Idle>>()

/** The one that tests share which leave no trace in it: an emulated machine takes seconds to start. */
export function idleSandbox(level: LevelName): Promise<Idle> {
  const known = idle.get(level) ?? start(level)
  idle.set(level, known)
  return known
}

async function start(level: LevelName): Promise<Idle> {
  const all = await TestSandboxes.create(level)
  return { all, ...(await all.start()) }
}

/** Removes it, if any test has asked for it. */
export async function removeIdleSandbox(level: LevelName): Promise<void> {
  const started = idle.get(level)
  idle.delete(level)
  if (started) await (await started).all[Symbol.asyncDispose]()
}
