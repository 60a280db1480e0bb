import { appNamePattern } from '../model/names.ts'
import { noLockThere } from '../model/problems/supply-chain.ts'
import type { LockChoice } from '../model/supply-chain.ts'
import type { Context } from './command.ts'

/** Finds the lock that an operator means: of a folder, a file, or an application. @throws noLockThere */
export async function chooseLock(target: string, { workingDirectory }: Context): Promise<LockChoice> {
  const { readLock } = await import('../client/read-lock.ts')
  const found = await readLock(target, workingDirectory)
  if (found !== undefined && found !== 'missing') return found
  if (appNamePattern.test(target)) return { app: target }
  throw noLockThere({ target })
}
