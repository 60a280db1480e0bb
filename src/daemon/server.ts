import { createHttpServer, type IncomingMessage } from '../host/http.ts'
import type { Duplex } from 'node:stream'
import { eventOf } from '../model/problem-event.ts'
import { logPlace, problemOf, type Berth } from '../deploy/index.ts'
import { chmod } from '../host/files.ts'
import { releaseMemory } from '../host/memory.ts'
import { listenOnSocket } from '../host/sockets.ts'
import { requestInvalid } from '../model/problems/deploy.ts'
import { upgradeToCommand } from './command-upgrade.ts'
import { findRoute, sendProblem, statusOf, type Exchange, type Route } from './http.ts'
import { routesFor } from './routes.ts'

/** Seconds without work after which the daemon gives memory back. */
const secondsUntilIdle = 5

/** The daemon's API on its unix socket, for root alone. */
export interface ApiServer {
  /** Takes no more requests, cancels those under way and waits until they have been undone. */
  close(): Promise<void>
}

export async function listen(berth: Berth): Promise<ApiServer> {
  const routes = routesFor(berth)
  const ending = new AbortController()
  const underWay = new Set<Promise<void>>()
  const idle = setTimeout(() => {
    if (underWay.size === 0) releaseMemory()
  }, secondsUntilIdle * 1000).unref()
  const track = (work: Promise<void>) => {
    const tracked = work
      .catch((error: unknown) => berth.log(String(error)))
      .finally(() => {
        underWay.delete(tracked)
        idle.refresh()
      })
    underWay.add(tracked)
  }
  const server = createHttpServer((request, response) => {
    track(answer(berth, { routes, request, response, ending: ending.signal }))
  })
  server.on('upgrade', (request, socket, head) => track(upgrade(berth, request, socket, head)))
  // A deploy may take as long as a build takes; the socket is root's own.
  server.requestTimeout = 0
  server.headersTimeout = 10_000
  await listenOnSocket(server, berth.paths.socket)
  await chmod(berth.paths.socket, 0o600)
  return {
    async close() {
      server.close()
      ending.abort(new Error('the daemon is ending'))
      await Promise.all(underWay)
      server.closeAllConnections()
    },
  }
}

interface Incoming extends Exchange {
  readonly routes: readonly Route[]
  readonly ending: AbortSignal
}

async function answer(berth: Berth, { routes, request, response, ending }: Incoming): Promise<void> {
  const gone = new AbortController()
  response.on('error', () => gone.abort())
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client went away'))
  })
  const signal = AbortSignal.any([gone.signal, ending])
  let action = 'request'
  try {
    const { pathname, searchParams: query } = new URL(`http://berth${request.url ?? '/'}`)
    const found = findRoute(routes, request.method ?? '', pathname)
    action = found?.route.action ?? action
    if (!found) throw requestInvalid({ reason: `there is no ${request.method ?? ''} ${pathname}` })
    await found.route.handle({ request, response, parameters: found.parameters, query, signal })
  } catch (error) {
    const problem = problemOf(error, { action, signal, log: logPlace(berth) })
    const cause = problem.cause ?? error
    if (problem.code === 'internal-error')
      berth.log(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
    await sendProblem({ request, response }, problem, signal)
  }
}

async function upgrade(berth: Berth, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  try {
    await upgradeToCommand(berth, request, socket, head)
  } catch (error) {
    const problem = problemOf(error, { action: 'command', log: logPlace(berth) })
    const body = JSON.stringify(eventOf(problem))
    const head = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, 'connection: close']
    socket.end([`HTTP/1.1 ${statusOf(problem)} Refused`, ...head, '', body].join('\r\n'))
  }
}
