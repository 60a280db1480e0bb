import { connect } from 'node:net'
import { requestHttp } from './http.ts'

/** What one health check saw. */
export type ProbeAnswer = { kind: 'status'; status: number } | { kind: 'silence'; reason: string }

/**
 * One HTTP GET. Redirects are not followed and the body is not read: a hostile application gets no more than a status
 * line out of the daemon.
 */
export async function probe(
  target: { address: string; port: number; path: string; host: string },
  timeoutMilliseconds: number,
): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const { address, port, path, host } = target
    const headers = { host, 'user-agent': 'berth-health', connection: 'close' }
    const check = requestHttp(
      { host: address, port, path, headers, agent: false, maxHeaderSize: 16_384 },
      (response) => {
        resolve({ kind: 'status', status: response.statusCode ?? 0 })
        response.destroy()
      },
    )
    check.setTimeout(timeoutMilliseconds, () => check.destroy(new Error('no answer in time')))
    const deadline = setTimeout(() => check.destroy(new Error('no answer in time')), timeoutMilliseconds)
    check.once('close', () => clearTimeout(deadline))
    check.once('error', (error) => resolve({ kind: 'silence', reason: reasonOf(error) }))
    check.end()
  })
}

/**
 * Opens a connection, and closes it again.
 * @returns undefined when it was accepted, else why not
 */
export async function acceptsConnections(
  { address, port }: { address: string; port: number },
  timeoutMilliseconds: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const end = (reason: string | undefined) => {
      resolve(reason)
      socket.destroy()
    }
    socket.setTimeout(timeoutMilliseconds, () => end('no answer in time'))
    socket.once('connect', () => end(undefined))
    socket.once('error', (error) => end(reasonOf(error)))
  })
}

function reasonOf(error: Error & { code?: string }): string {
  if (error.code === 'ECONNREFUSED') return 'connection refused'
  if (error.code === 'ECONNRESET') return 'connection reset'
  return error.message
}
