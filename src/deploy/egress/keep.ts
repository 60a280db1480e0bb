import type { Berth } from '../berth.ts'
import { lookForRefusals } from './look.ts'
import { messageOf } from '../../model/problem.ts'

const secondsBetweenLooks = 2
/** Asking the kernel for its rules costs more than looking whether a process is there. */
const looksBetweenQuestions = 5

/**
 * Starts the name relay again when it was killed, ends it when nobody needs it, and looks at what was refused.
 * @returns what ends this watch
 */
export function keepEgress(berth: Berth): () => void {
  const state = { isOver: false, complaint: '', looks: 0 }

  async function look(): Promise<void> {
    try {
      await berth.egress.tend()
      if (state.looks++ % looksBetweenQuestions === 0 && berth.state.sandboxes.list().length > 0) {
        // Another firewall may have been put up since.
        await berth.egress.prepare(false)
        await lookForRefusals(berth)
      }
      state.complaint = ''
    } catch (error) {
      const reason = messageOf(error)
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
