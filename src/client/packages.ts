import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInForeground } from '../host/detached.ts'
import { exists, hasCode, readText } from '../host/files.ts'

/** A Debian package that berth drives, from scripts/packages.txt, which scripts/setup reads too. */
export interface HostPackage {
  readonly name: string
  /** A file, or the name of a command. */
  readonly proof: string
  readonly purpose: 'run' | 'test'
  readonly reason: string
}

const list = new URL('../../scripts/packages.txt', import.meta.url)
const root = new URL('../../', import.meta.url)

/** Every package of the list. */
export async function listPackages(): Promise<HostPackage[]> {
  return parsePackages((await readText(fileURLToPath(list))) ?? '')
}

/** Reads `package | proof | run or test | reason`; `#` begins a comment. */
export function parsePackages(text: string): HostPackage[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', proof = '', purpose = '', reason = ''] = line.split('|').map((column) => column.trim())
      if (purpose !== 'run' && purpose !== 'test') throw new Error(`packages.txt: neither run nor test: ${line}`)
      return { name, proof, purpose, reason }
    })
}

/** Whether a package's proof is there; a command may also be in the administrator's folders. */
export async function isInstalled({ proof }: HostPackage, searchPath: string): Promise<boolean> {
  if (proof.startsWith('/')) return exists(proof)
  const folders = [...searchPath.split(delimiter), '/usr/sbin', '/sbin']
  const found = await Promise.all(folders.map((folder) => exists(join(folder, proof)).catch(whenForbidden)))
  return found.includes(true)
}

/** The search path may lead through another user's folders, as it does after `su`. */
function whenForbidden(error: unknown): false {
  if (hasCode(error, 'EACCES')) return false
  throw error
}

/** Whether berth runs from a clone, where npm is needed to install its packages, or from an installed package. */
export async function isClone(): Promise<boolean> {
  return exists(fileURLToPath(new URL('package-lock.json', root)))
}

/** Installs what is missing of the list; scripts/setup tells the operator how it goes. Gives its exit code. */
export function runSetup(environment: NodeJS.ProcessEnv): Promise<number> {
  return runInForeground([fileURLToPath(new URL('scripts/setup', root)), 'run'], environment)
}
