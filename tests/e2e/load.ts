import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** A steady stream of requests, as many a second as asked for, that counts every one that was not answered well. */
export interface Load {
  /** Requests that got an answer of 200. */
  readonly answered: number
  /** What went wrong with each of the others. */
  readonly lost: readonly string[]
  /** Every distinct body that was seen. */
  readonly bodies: ReadonlySet<string>
  /** Stops sending and waits for what is under way. */
  stop(): Promise<void>
}

export interface LoadOptions {
  readonly port: number
  readonly host: string
  readonly perSecond: number
  /** At most this many in all, so that a test that hangs does not go on for ever. */
  readonly maximum: number
}

/** Half of the requests come over kept connections, half over new ones; every fourth is a POST with a body. */
export function startLoad({ port, host, perSecond, maximum }: LoadOptions): Load {
  const kept = new Agent({ keepAlive: true, maxSockets: 16 })
  const state = { answered: 0, lost: [] as string[], bodies: new Set<string>(), stopped: false }
  const underWay = new Set<Promise<void>>()
  const one = (number: number) =>
    new Promise<void>((resolve) => {
      const [isPost, isKept] = [number % 4 === 3, number % 2 === 0]
      const options = { host: '127.0.0.1', port, path: '/', method: isPost ? 'POST' : 'GET', headers: { host } }
      let seen = 'before any answer'
      const asking = request({ ...options, agent: isKept ? kept : false }, (response) => {
        let text = ''
        const told = () =>
          `in an answer of ${response.statusCode ?? 0} with ${JSON.stringify(response.headers)}, after ${text.length} characters`
        seen = told()
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          seen = told()
        })
        response.once('error', fail)
        response.once('end', () => {
          // The applications of these tests answer a POST with 405: that, too, is an answer of theirs.
          if (response.statusCode === 200 || (isPost && response.statusCode === 405)) state.answered += 1
          else state.lost.push(`status ${response.statusCode ?? 0}: ${text.slice(0, 80)}`)
          if (!isPost) state.bodies.add(text)
          resolve()
        })
      })
      const fail = (error: Error) => {
        state.lost.push(
          `${options.method} ${number} ${isKept ? 'over a kept connection' : ''}, ${seen}: ${error.message}`,
        )
        resolve()
      }
      asking.setTimeout(30_000, () => asking.destroy(new Error('no answer within 30 s')))
      asking.once('error', fail)
      asking.end(isPost ? 'x'.repeat(1000) : undefined)
    })
  const sending = (async () => {
    let due = performance.now()
    for (let number = 0; number < maximum && !state.stopped; number += 1) {
      if (due > performance.now()) await sleep(due - performance.now())
      // A machine that stood still for seconds gets no hundreds of requests at once for that.
      due = Math.max(due, performance.now() - 100) + 1000 / perSecond
      const work = one(number).finally(() => underWay.delete(work))
      underWay.add(work)
    }
  })()
  return {
    get answered() {
      return state.answered
    },
    get lost() {
      return state.lost
    },
    get bodies() {
      return state.bodies
    },
    async stop() {
      state.stopped = true
      await sending
      await Promise.all(underWay)
      kept.destroy()
    },
  }
}
