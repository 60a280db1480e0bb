import { constants, readlinkSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename, join } from 'node:path'
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

/** The name of the program that a link of berth's own leads to; undefined when there is no such link. */
export function programOfLink(path: string): string | undefined {
  try {
    return basename(readlinkSync(path))
  } catch {
    return undefined
  }
}
