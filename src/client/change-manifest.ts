import { join, resolve } from 'node:path'
import { readUntrusted, writeFileAtomically } from '../host/files.ts'
import { narrowManifest, type Narrowed } from '../model/narrow-manifest.ts'

/** Writes what was learned into the `berth.toml` of a folder, making one where there is none. @returns its path */
export async function acceptNarrowed(folder: string, narrowed: Narrowed, workingDirectory: string): Promise<string> {
  const path = join(resolve(workingDirectory, folder), 'berth.toml')
  await writeFileAtomically(path, narrowManifest((await readUntrusted(path)) ?? '', narrowed))
  return path
}
