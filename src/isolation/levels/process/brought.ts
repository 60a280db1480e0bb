import { join } from 'node:path'
import { hasCode, lstat, readdir } from '../../../host/files.ts'

/** Names in the root of every Debian system (FHS 3.0): there, the host's own are used. */
const systemNames = new Set([
  ...['bin', 'boot', 'dev', 'etc', 'home', 'lib', 'lib32', 'lib64', 'libx32', 'lost+found', 'media', 'mnt', 'opt'],
  ...['proc', 'root', 'run', 'sbin', 'srv', 'sys', 'tmp', 'usr', 'var', '.dockerenv'],
])

/** Places of the system that Debian's packages leave to others (Debian Policy, 9.1.2): brought when there is something. */
const leftToOthers = ['opt', 'srv', 'usr/local']

/**
 * What an image brings besides Debian's own directories, such as `app` and `usr/local`: paths without a leading slash.
 * @param layers lowest first
 */
export async function broughtBy(layers: readonly string[]): Promise<string[]> {
  const names = (await Promise.all(layers.map((layer) => namesIn(layer)))).flat()
  const own = names.filter((name) => !systemNames.has(name))
  const others = await Promise.all(leftToOthers.map(async (path) => ((await anyHolds(layers, path)) ? [path] : [])))
  return [...new Set([...own, ...others.flat()])].sort()
}

async function anyHolds(layers: readonly string[], path: string): Promise<boolean> {
  return (await Promise.all(layers.map((layer) => holdsFile(join(layer, path))))).includes(true)
}

/** Whether there is more than the empty directories that Debian has there, and its link `man`. */
async function holdsFile(directory: string): Promise<boolean> {
  if (!(await lstat(directory).catch(() => undefined))?.isDirectory()) return false
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isFile()) return true
    if (entry.isDirectory() && (await holdsFile(join(directory, entry.name)))) return true
  }
  return false
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [] // mounting the layers tells of it
    throw error
  })
}
