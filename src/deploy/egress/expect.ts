import { messageOf } from '../../model/problem.ts'
import type { RunSpec } from '../../model/release.ts'
import type { Berth } from '../berth.ts'
import { reachesBeyond } from './links.ts'

/**
 * Makes this host ready for a sandbox that may reach something, and keeps it so until that sandbox has been made.
 * @param afterCrash whether it is made all the same when that fails; the watch over egress makes up for it
 * @throws relayNotStarted, egressBlocked
 */
export async function expectEgress(
  { egress, log }: Pick<Berth, 'egress' | 'log'>,
  run: Pick<RunSpec, 'egress' | 'links'>,
  afterCrash: boolean,
): Promise<Disposable> {
  if (!reachesBeyond(run)) return { [Symbol.dispose]: () => undefined }
  const expected = egress.expect()
  try {
    await egress.prepare()
  } catch (error) {
    if (!afterCrash) {
      expected[Symbol.dispose]()
      throw error
    }
    log(`egress: ${messageOf(error)}`)
  }
  return expected
}
