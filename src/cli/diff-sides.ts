import { appNamePattern, isDigest, parseReleaseName } from '../model/names.ts'
import { usage } from '../model/problems/client.ts'
import { noLockThere } from '../model/problems/supply-chain.ts'
import type { DiffSide } from '../model/supply-chain.ts'
import type { Context } from './command.ts'

/**
 * What the operator wants compared. One side alone is compared with the release of the same application that serves.
 * @throws usage, noLockThere
 */
export async function diffSides(
  from: string,
  to: string | undefined,
  context: Context,
): Promise<{ from: DiffSide; to: DiffSide }> {
  const first = await sideOf(from, context)
  if (to !== undefined) return { from: first, to: await sideOf(to, context) }
  if (first.kind !== 'release') {
    throw usage({
      message: `There is nothing to compare ${from} with`,
      fix: 'Name a second one: `berth diff A B`',
    })
  }
  const { app } = first
  const serving: DiffSide = { kind: 'release', app }
  return first.number === undefined ? { from: { kind: 'earlier', app }, to: serving } : { from: first, to: serving }
}

async function sideOf(text: string, { workingDirectory }: Context): Promise<DiffSide> {
  if (isDigest(text)) return { kind: 'image', digest: text }
  const [app = '', release] = text.split('@', 2)
  const number = parseReleaseName(release ?? '')
  if (appNamePattern.test(app) && number !== undefined) return { kind: 'release', app, number }
  const { readLock } = await import('../client/read-lock.ts')
  const found = await readLock(text, workingDirectory)
  if (found !== undefined && found !== 'missing') return { kind: 'lock', ...found }
  if (appNamePattern.test(text)) return { kind: 'release', app: text }
  if (found === 'missing') throw noLockThere({ target: text })
  throw usage({
    message: `${JSON.stringify(text)} is no release, image or lock`,
    fix: 'Write `APP@v3`, `APP`, `sha256:…`, or the path of a berth.lock',
  })
}
