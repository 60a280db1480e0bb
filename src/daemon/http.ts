import type { IncomingMessage, ServerResponse } from '../host/http.ts'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import type { z } from 'zod'
import { eventOf } from '../model/problem-event.ts'
import type { Emit, Event } from '../model/events.ts'
import type { Problem } from '../model/problem.ts'
import { requestInvalid } from '../model/problems/deploy.ts'

/** The daemon's side of src/model/api.ts, on node:http alone: the daemon is small so that applications have the memory. */

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface Call extends Exchange {
  /** Parts of the path that the route leaves open, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Aborted when the client goes away or the daemon ends. */
  readonly signal: AbortSignal
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Such as `/v1/apps/:app/logs`. */
  readonly path: string
  /** What the log and a cancelled client are told was being done. */
  readonly action: string
  handle(call: Call): Promise<void>
}

/** The first route that fits, with the open parts of its path. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; parameters: Record<string, string> } | undefined {
  for (const route of routes) {
    const parameters = route.method === method ? matchPath(route.path, path) : undefined
    if (parameters) return { route, parameters }
  }
  return undefined
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) parameters[part.slice(1)] = value
    else if (part !== value) return undefined
  }
  return parameters
}

const maximumBody = 4 * 1024 * 1024

/** Reads a JSON body of a known shape. @throws requestInvalid */
export async function readBody<Shape extends z.ZodType>(
  request: IncomingMessage,
  shape: Shape,
  /** Bytes. */
  most = maximumBody,
): Promise<z.infer<Shape>> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw requestInvalid({ reason: 'the body is too long' })
  return parseAs(await text(request), shape)
}

/** @throws requestInvalid when the text is no JSON, or of another shape */
export function parseAs<Shape extends z.ZodType>(json: string, shape: Shape): z.infer<Shape> {
  const result = shape.safeParse(valueOf(json))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw requestInvalid({ reason: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim() })
}

function valueOf(json: string): unknown {
  try {
    return JSON.parse(json === '' ? '{}' : json)
  } catch (cause) {
    throw requestInvalid({ reason: 'the body is not JSON' }, { cause })
  }
}

/** Splits a body that begins with one line of JSON; the rest is a stream of its own. @throws requestInvalid */
export async function readLineAndRest(body: Readable): Promise<{ line: string; rest: Readable }> {
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  while (!head.includes('\n')) {
    const next = await chunks.next()
    if (next.done === true || head.length > maximumBody)
      throw requestInvalid({ reason: 'the body has no request line' })
    head = Buffer.concat([head, next.value])
  }
  const end = head.indexOf('\n')
  const following = async function* () {
    if (end + 1 < head.length) yield head.subarray(end + 1)
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value
  }
  return { line: head.subarray(0, end).toString(), rest: Readable.from(following()) }
}

export function sendJson({ response }: Call, value: unknown): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  return Promise.resolve()
}

/** A sink for the events of some work. The head goes out with the first, so that an early refusal has a status. */
export function eventSink({ response }: Call): Emit {
  return (event: Event) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${JSON.stringify(event)}\n`)
  }
}

/**
 * Ends an answer with a problem: as its last event when there were others, else as a refusal. What the client still
 * sends is read first, and thrown away: a connection that is closed with unread bytes is reset, and takes what was
 * answered with it (RFC 9112, 9.6).
 *
 * @param signal gives up on a client that sends without end
 */
export async function sendProblem(
  { request, response }: Exchange,
  problem: Problem,
  signal: AbortSignal,
): Promise<void> {
  const json = JSON.stringify(eventOf(problem))
  if (response.headersSent) response.write(`${json}\n`)
  else {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }
    response.writeHead(statusOf(problem), headers).write(json)
  }
  // Whoever read the body has stopped, but may still be listening, which keeps it from flowing.
  request.removeAllListeners('readable').resume()
  await finished(request, { writable: false, signal }).catch(() => undefined)
  response.end()
}

/** HTTP status of a refusal (RFC 9110, 15.5 and 15.6). */
export function statusOf({ code, definition }: Problem): number {
  if (code === 'unknown-app' || code === 'unknown-release') return 404
  if (code === 'app-is-busy') return 409
  if (code === 'request-invalid') return 400
  if (code === 'internal-error') return 500
  return definition.temporary ? 503 : 422
}
