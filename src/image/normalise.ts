import * as files from '../host/files.ts'
import { join } from 'node:path'
import { keepByteCodeValid } from './byte-code.ts'
import { withoutFileFacts } from './git-index.ts'
import { withFixedTimes } from './java-keystore.ts'
import { listTree, setOwner, setTimes, type TreeEntry } from '../host/tree.ts'
import { noiseRowOf } from './noise.ts'
import { withSortedLines } from './wheel-record.ts'

export interface Normalisation {
  /** Seconds since 1970: no file of the layer is younger. */
  readonly epoch: number
  /**
   * `clamp` keeps older times, which the byte-code of Debian's packages depends on; `set` gives every file the same
   * time, for trees whose times are those of a checkout or a download.
   */
  readonly times: 'clamp' | 'set'
  /** Makes everything root's: what a build user left. */
  readonly takeOwnership: boolean
  /** Leaves /tmp, /var/tmp and /run as they are: what one command puts there, the next one may use. */
  readonly keepScratch?: boolean
}

/**
 * Makes the upper directory of a finished build the same each time it is built, in place.
 * @returns its entries, sorted, as they are afterwards.
 */
export async function normaliseTree(root: string, how: Normalisation): Promise<TreeEntry[]> {
  await removeNoise(root, how)
  const entries = await listTree(root)
  if (how.takeOwnership) await setOwner(root, entries, 0)
  for (const entry of entries) await dropPrivilegeBits(root, entry)
  await keepByteCodeValid(root, entries, ({ stats }) => wholeTime(stats.mtimeMs, how))
  // Times come last: everything above changes those of the directories around it.
  await setTimes(root, entries, ({ stats }) => wholeTime(stats.mtimeMs, how))
  return listTree(root)
}

function wholeTime(milliseconds: number, { epoch, times }: Normalisation): number {
  return times === 'set' ? epoch : Math.min(Math.max(0, Math.floor(milliseconds / 1000)), epoch)
}

async function removeNoise(root: string, { epoch, keepScratch = false }: Normalisation): Promise<void> {
  for (const { path, stats } of await listTree(root)) {
    const linkTarget = stats.isSymbolicLink() ? await files.readlink(join(root, path)).catch(whenGone) : undefined
    const row = noiseRowOf(path, linkTarget)
    if (!row || (keepScratch && row.scratch === true)) continue
    if (row.action === 'fix-keystore') await mend(join(root, path), (content) => withFixedTimes(content, epoch))
    else if (row.action === 'fix-git-index') await mend(join(root, path), withoutFileFacts)
    else if (row.action === 'sort-lines') await mend(join(root, path), withSortedLines)
    else if (row.action !== 'empty') await files.removeTree(join(root, path))
    else if (stats.isFile() && stats.size > 0) await files.writeFile(join(root, path), '')
  }
}

/** Bytes; nothing that is mended is as large, not even the index of a hundred thousand files. */
const largestMended = 64 * 1024 ** 2

/** Writes a file anew without what differs each time; one that is not understood stays as it is. */
async function mend(path: string, withoutNoise: (content: Buffer) => Buffer | undefined): Promise<void> {
  const facts = await files.lstat(path)
  if (!facts.isFile() || facts.size > largestMended) return
  const mended = withoutNoise(await files.readFile(path))
  if (mended) await files.writeFile(path, mended)
}

/** The directory around it has been removed already. */
function whenGone(error: unknown): undefined {
  if (!files.hasCode(error, 'ENOENT')) throw error
}

/** Nothing in an image may run with more rights than whoever starts it. */
async function dropPrivilegeBits(root: string, { path, stats }: TreeEntry): Promise<void> {
  const special = stats.mode & 0o6000
  if (special === 0 || stats.isSymbolicLink()) return
  await files.chmod(join(root, path), stats.mode & 0o1777)
}
