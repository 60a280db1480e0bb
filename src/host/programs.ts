import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fixedEnvironment } from './command.ts'

/** Finds a host program where `runCommand` looks for it; undefined when it is not installed. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const directory of (fixedEnvironment['PATH'] ?? '').split(':')) {
    const path = join(directory, name)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}
