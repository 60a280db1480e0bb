import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where an application answers. */
export interface Address {
  readonly ip: string
  readonly port: number
  /** Name in the `Host` header. */
  readonly host: string
}

/** Milliseconds between two questions: it is the precision of what is measured, and costs little processor time. */
const pause = 4

/** Asks until the application answers 200 with `text` in it. @returns seconds since `begun` */
export async function firstAnswer(address: Address, begun: number, text = ''): Promise<number> {
  while (performance.now() - begun < 60_000) {
    const body = await ask(address)
    if (body?.includes(text)) return (performance.now() - begun) / 1000
    await sleep(pause)
  }
  throw new Error(`no answer with '${text}' of ${address.ip}:${address.port} within a minute`)
}

/** One GET over a new connection; undefined unless it is answered with 200. */
function ask({ ip, port, host }: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asking = request({ host: ip, port, headers: { host }, agent: false, timeout: 1000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.once('error', () => resolve(undefined))
      response.once('end', () => resolve(response.statusCode === 200 ? body : undefined))
    })
    asking.once('timeout', () => asking.destroy())
    asking.once('error', () => resolve(undefined))
    asking.end()
  })
}
