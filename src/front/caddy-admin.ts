import { text } from 'node:stream/consumers'
import { requestOverSocket } from '../host/unix-http.ts'
import { frontRefusedConfiguration } from '../model/problems/front.ts'

/** Caddy's admin API (caddyserver.com/docs/api), on a unix socket. */

async function ask(socket: string, path: string, body?: string): Promise<{ status: number; body: string }> {
  const answer = await requestOverSocket({
    socket,
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.statusCode ?? 0, body: await text(answer) }
}

export async function isAnswering(socket: string): Promise<boolean> {
  return ask(socket, '/config/admin').then(
    ({ status }) => status === 200,
    () => false,
  )
}

/** @throws Problem `front-refused-configuration`; the one before is still in force then. */
export async function loadConfiguration(socket: string, configuration: string): Promise<void> {
  const { status, body } = await ask(socket, '/load', configuration)
  if (status !== 200) throw frontRefusedConfiguration({ reason: body.trim().slice(0, 500) })
}

/** Requests under way, by the `address:port` that they went to. */
export async function requestsByUpstream(socket: string): Promise<Map<string, number>> {
  const { body } = await ask(socket, '/reverse_proxy/upstreams')
  // Caddy's own answer: a list of { address, num_requests, fails }.
  const upstreams = JSON.parse(body) as { address: string; num_requests: number }[]
  return new Map(upstreams.map((upstream) => [upstream.address, upstream.num_requests]))
}
