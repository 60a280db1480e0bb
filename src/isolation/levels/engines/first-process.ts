import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive } from '../../../host/processes.ts'
import { readLastLines } from '../../sandbox/log-file.ts'
import { waitsAtGate } from '../supervised/first-process.ts'

/**
 * Waits until an engine has made a container whose process 1 waits at its gate.
 * @param look asks the engine for that process; undefined while there is none
 * @throws Error with the last words of the engine's client when it ends without
 */
export async function firstProcessOfEngine(
  client: number,
  { logFile }: { readonly logFile: string },
  look: () => Promise<number | undefined>,
): Promise<number> {
  const identity = await identify(client)
  const deadline = Date.now() + 60_000
  while (identity && (await isAlive(identity))) {
    const pid = await look()
    if (pid !== undefined && (await waitsAtGate(pid))) return pid
    if (Date.now() > deadline) throw new Error('the container did not start within a minute')
    await sleep(10)
  }
  const words = (await readLastLines(logFile, 4)).map(({ text }) => text)
  throw new Error(words.join('; ') || "the engine's client ended without a word")
}
