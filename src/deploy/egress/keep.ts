import type { Berth } from '../berth.ts'
import { lookForRefusals } from './look.ts'

const secondsBetweenLooks = 2

/**
 * Starts the name relay again when it was killed, ends it when nobody needs it, and looks at what was refused.
 * @returns what ends this watch
 */
export function keepEgress(berth: Berth): () => void {
  const state = { isOver: false, complaint: '' }

  async function look(): Promise<void> {
    try {
      await berth.egress.tend()
      await lookForRefusals(berth)
      state.complaint = ''
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== state.complaint) berth.log(`egress: ${reason}`)
      state.complaint = reason
    }
  }

  let timer: NodeJS.Timeout
  const lookLater = (): void => {
    timer = setTimeout(() => {
      void look().then(() => {
        if (!state.isOver) lookLater()
      })
    }, secondsBetweenLooks * 1000).unref()
  }
  lookLater()
  return () => {
    state.isOver = true
    clearTimeout(timer)
  }
}
