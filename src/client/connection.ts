import type { IncomingMessage } from '../host/http.ts'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { hasCode } from '../host/files.ts'
import { requestOverSocket } from '../host/unix-http.ts'
import type { Event, ProblemEvent } from '../model/events.ts'
import { problemFrom } from '../model/problem-event.ts'
import type { Problem } from '../model/problem.ts'
import { daemonAnswerUnknown, daemonLost } from '../model/problems/client.ts'

/** The daemon of this host, as the commands see it. */
export interface Connection {
  readonly socket: string
  /** Asks for one JSON value. */
  get<Answer>(path: string): Promise<Answer>
  send<Answer>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: Body): Promise<Answer>
  /** Has work done. The last event says how it ended. */
  work(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: Body): AsyncGenerator<Event>
  /** Asks for bytes. */
  download(path: string): Promise<Readable>
  /** Reads values, one a line, until the daemon has no more. */
  lines<Line>(path: string): AsyncGenerator<Line>
}

/** A value to send as JSON, or bytes as they are. */
export type Body = Readable | object

/** Speaks with the daemon that listens on `socket`. @param signal gives up what is under way */
export function connect(socket: string, signal: AbortSignal): Connection {
  const ask = async (method: string, path: string, body?: Body) => {
    const isStream = body !== undefined && 'pipe' in body
    const answer = await requestOverSocket({
      socket,
      method,
      path,
      signal,
      ...(body === undefined ? {} : { body: isStream ? body : JSON.stringify(body) }),
      headers: body === undefined ? {} : { 'content-type': isStream ? 'application/x-tar' : 'application/json' },
    })
    if ((answer.statusCode ?? 500) >= 400) throw await refusal(answer, `${method} ${path}`)
    return answer
  }
  const readLines = async function* <Line>(answer: IncomingMessage): AsyncGenerator<Line> {
    for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
      if (line !== '') yield JSON.parse(line) as Line // the daemon is ours and of our version
    }
  }
  return {
    socket,
    get: async (path) => JSON.parse(await text(await ask('GET', path))) as never,
    send: async (method, path, body) => JSON.parse(await text(await ask(method, path, body))) as never,
    download: (path) => ask('GET', path),
    lines: async function* (path) {
      yield* readLines(await ask('GET', path))
    },
    work: async function* (method, path, body = {}) {
      const answer = await ask(method, path, body)
      for await (const event of untilEnd(readLines<Event>(answer), signal)) {
        // Nothing follows a problem, and whatever of the body has not been sent is not asked for any more.
        if (event.kind === 'problem') answer.destroy()
        yield event
        if (event.kind === 'problem') return
      }
    },
  }
}

/** Passes events on and makes sure that the last one says how the work ended. */
async function* untilEnd(events: AsyncIterable<Event>, signal: AbortSignal): AsyncGenerator<Event> {
  let last: Event['kind'] | undefined
  try {
    for await (const event of events) {
      last = event.kind
      yield event
    }
  } catch (error) {
    if (signal.aborted || !hasCode(error, 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE')) throw error
  }
  if (last === undefined || !endings.has(last)) throw daemonLost({ work: 'the work' })
}
const endings: ReadonlySet<Event['kind']> = new Set([
  'audited',
  'learned',
  'built',
  'bundled',
  'deployed',
  'done',
  'outdated',
  'problem',
  'reproduced',
])

/** The problem that the daemon refused a request with. */
export async function refusal(answer: IncomingMessage, request: string): Promise<Problem> {
  const body = await text(answer)
  const event = parseProblem(body)
  return event ? problemFrom(event) : daemonAnswerUnknown({ request, status: answer.statusCode ?? 0 })
}

function parseProblem(body: string): ProblemEvent | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const isProblem = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'problem'
    return isProblem ? (value as ProblemEvent) : undefined
  } catch {
    return undefined
  }
}
