import type { Berth } from './berth.ts'
import { applyRoutes, routesOf } from './routing.ts'
import { messageOf } from '../model/problem.ts'

const secondsBetweenLooks = 2
/** Looking for who holds its port costs more than looking whether it runs. */
const secondsAfterFailure = 15

/**
 * Starts the front again when it was killed, or could not start when the daemon did: without it no application can be
 * reached.
 * @returns what ends this watch
 */
export function keepFront(berth: Berth): () => void {
  let isOver = false
  let complaint = ''

  async function look(): Promise<number> {
    try {
      if (berth.state.apps.list().length === 0 || (await berth.front.isRunning())) return secondsBetweenLooks
      await berth.busy.routing(() => applyRoutes(berth, routesOf(berth)))
      berth.log('front: started again')
      complaint = ''
      return secondsBetweenLooks
    } catch (error) {
      const reason = messageOf(error)
      if (reason !== complaint) berth.log(`front: ${reason}`)
      complaint = reason
      return secondsAfterFailure
    }
  }

  const lookLater = (seconds: number): void => {
    timer = setTimeout(() => void lookAgain(), seconds * 1000).unref()
  }
  const lookAgain = async (): Promise<void> => {
    const seconds = await look()
    if (!isOver) lookLater(seconds)
  }
  let timer: NodeJS.Timeout
  lookLater(secondsBetweenLooks)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}
