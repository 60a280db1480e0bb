import { setTimeout as sleep } from 'node:timers/promises'
import { ScrubReport } from '../../model/proof.ts'
import { inBackground, type Berth } from '../berth.ts'
import { scrub } from './scrub.ts'

/** Between two times that everything is read. */
const hoursBetween = 24
/** A daemon that has just been started has better things to do. */
const minutesAfterStart = 10
/** Of the time that reading takes, so much again is waited: a twentieth of a disk is left to this. */
const restFactor = 20

/** What the last scrub found; undefined before the first. */
export function lastScrub({ state }: Berth): ScrubReport | undefined {
  const text = state.fact('scrub')
  return text === undefined ? undefined : ScrubReport.parse(JSON.parse(text))
}

/**
 * Reads everything in the store once a day, piece by piece, and only while nothing else is done.
 * @returns what ends it
 */
export function scrubInBackground(berth: Berth): () => void {
  const ending = new AbortController()
  const { signal } = ending
  const work = async () => {
    for (;;) {
      await sleep(untilNext(berth), undefined, { signal, ref: false })
      await scrub(berth, breathing(berth, signal))
    }
  }
  inBackground(
    berth,
    'scrub',
    work().catch((error: unknown) => {
      if (!signal.aborted) throw error
    }),
  )
  return () => ending.abort()
}

/** Milliseconds. */
function untilNext(berth: Berth): number {
  const last = Date.parse(lastScrub(berth)?.finishedAt ?? '') || 0
  return Math.max(last + hoursBetween * 3_600_000 - Date.now(), minutesAfterStart * 60_000)
}

/** Rests for as long as the piece before took, many times over, and then until nothing else goes on. */
function breathing(berth: Berth, signal: AbortSignal): () => Promise<void> {
  let begun = Date.now()
  return async () => {
    await sleep(Math.max(1000, restFactor * (Date.now() - begun)), undefined, { signal, ref: false })
    while (!berth.busy.isIdle) await sleep(5000, undefined, { signal, ref: false })
    begun = Date.now()
  }
}
