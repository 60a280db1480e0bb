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

function reasonOf(error: Error & { code?: string }): string {
  if (error.code === 'ECONNREFUSED') return 'connection refused'
  if (error.code === 'ECONNRESET') return 'connection reset'
  return error.message
}
