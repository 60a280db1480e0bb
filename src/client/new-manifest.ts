import { join, resolve } from 'node:path'
import { exists, hasCode, writeFile } from '../host/files.ts'
import { manifestExists } from '../model/problems/client.ts'

interface Place {
  readonly workingDirectory: string
}

/** Says early that there is a manifest already: before anything is packed and sent. */
export async function refuseExistingManifest(folder: string | undefined, place: Place): Promise<void> {
  const path = pathIn(folder, place)
  if (await exists(path)) throw manifestExists({ path })
}

/** Writes a first `berth.toml` and gives its path. Never overwrites one. */
export async function writeManifest(folder: string | undefined, text: string, place: Place): Promise<string> {
  const path = pathIn(folder, place)
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    throw hasCode(error, 'EEXIST') ? manifestExists({ path }) : error
  }
  return path
}

function pathIn(folder: string | undefined, { workingDirectory }: Place): string {
  return join(resolve(workingDirectory, folder ?? '.'), 'berth.toml')
}
