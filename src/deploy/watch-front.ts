import type { Berth } from './berth.ts'

const secondsBetweenLooks = 1

/**
 * Brings the front back when one of its processes was killed: without it no application answers, and nobody else
 * looks after it. It finds its configuration and its table where they were.
 * @returns what ends the watch
 */
export function watchFront(berth: Berth): () => void {
  let isLooking = false
  let lastFailure = ''
  const look = async () => {
    if (isLooking || berth.state.apps.list().length === 0) return
    isLooking = true
    try {
      await berth.busy.routing(() => berth.front.ensureRunning())
      lastFailure = ''
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      if (failure !== lastFailure) berth.log(`front: ${failure}`)
      lastFailure = failure
    } finally {
      isLooking = false
    }
  }
  const timer = setInterval(() => void look(), secondsBetweenLooks * 1000)
  return () => clearInterval(timer)
}
