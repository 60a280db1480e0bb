import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '../asking.ts'

/** What visitors saw: milliseconds of each answer, and how often there was none. */
export interface Seen {
  readonly milliseconds: number[]
  errors: number
}

export interface Visit {
  readonly address: Address
  readonly path: string
  readonly perSecond: number
  readonly seconds: number
}

/** Milliseconds after which an answer counts as none. */
const patience = 10_000

/**
 * Asks at a steady rate, whatever the answers do; half of the requests come over kept connections. An answer's time counts from when the request was due, so that one that waits makes the next ones wait too.
 */
export async function visit({ address, path, perSecond, seconds }: Visit): Promise<Seen> {
  const seen: Seen = { milliseconds: [], errors: 0 }
  const kept = new Agent({ keepAlive: true, maxSockets: 64 })
  const begun = performance.now()
  const asked: Promise<void>[] = []
  for (let number = 0; number < perSecond * seconds; number += 1) {
    const due = begun + (number / perSecond) * 1000
    // Timers are of whole milliseconds, and late rather than early: the rest is not the neighbour's.
    await sleep(Math.max(0, due - performance.now()))
    const sent = Math.min(performance.now(), due + 2)
    asked.push(
      ask(address, path, number % 2 === 0 ? kept : false).then((isAnswered) => {
        if (isAnswered) seen.milliseconds.push(performance.now() - sent)
        else seen.errors += 1
      }),
    )
  }
  await Promise.all(asked)
  kept.destroy()
  return seen
}

/** One GET; whether it was answered with 200. */
function ask({ ip, port, host }: Address, path: string, agent: Agent | false): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ host: ip, port, path, headers: { host }, agent, timeout: patience }, (response) => {
      response.once('error', () => resolve(false))
      response.once('end', () => resolve(response.statusCode === 200))
      response.resume()
    })
    asking.once('timeout', () => asking.destroy())
    asking.once('error', () => resolve(false))
    asking.end()
  })
}

/** The least number that this share of the samples, such as 0.99, does not exceed; NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
