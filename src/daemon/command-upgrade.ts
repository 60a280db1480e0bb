import type { IncomingMessage } from '../host/http.ts'
import { PassThrough, type Duplex } from 'node:stream'
import { eventOf } from '../model/problem-event.ts'
import { execCommand, logPlace, problemOf, runCommand, type Berth } from '../deploy/index.ts'
import type { CommandIo, TerminalSize } from '../isolation/isolator.ts'
import { CommandRequest } from '../model/api.ts'
import { encodeFrame, frameReader } from '../model/command-stream.ts'
import { requestInvalid } from '../model/problems/deploy.ts'
import type { Exit } from '../model/sandbox.ts'
import { findRoute, parseAs, type Route } from './http.ts'
import { nameFrom } from './parameters.ts'

const paths: readonly Route[] = ['run', 'exec'].map((action) => ({
  method: 'POST',
  path: `/v1/apps/:app/${action}`,
  action,
  handle: () => Promise.resolve(),
}))

/** Makes a connection of `request` into one that carries a command's input and output, and runs the command. */
export async function upgradeToCommand(
  berth: Berth,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const aborter = new AbortController()
  socket.on('error', () => aborter.abort())
  socket.on('close', () => aborter.abort())
  const { route, app, body, rest } = await readHead(request, socket, head)
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: berth-command\r\n\r\n')
  try {
    const command = parseAs(body, CommandRequest)
    const io = ioOver(socket, rest, command.terminal)
    const execute = route.action === 'run' ? runCommand : execCommand
    const exit = await execute(berth, { app, argv: command.argv, io, signal: aborter.signal })
    socket.end(encodeFrame('exit', String(exitCodeOf(exit))))
  } catch (error) {
    const problem = problemOf(error, { action: route.action, signal: aborter.signal, log: logPlace(berth) })
    if (problem.code === 'internal-error')
      berth.log(error instanceof Error ? (error.stack ?? error.message) : String(error))
    socket.end(encodeFrame('problem', JSON.stringify(eventOf(problem))))
  }
}

/** The body of a request that upgrades is not parsed by node:http: it comes first on the connection. */
async function readHead(request: IncomingMessage, socket: Duplex, head: Buffer) {
  const { pathname } = new URL(request.url ?? '/', 'http://berth')
  const found = findRoute(paths, request.method ?? '', pathname)
  if (!found || request.headers.upgrade !== 'berth-command') throw requestInvalid({ reason: 'no such upgrade' })
  const length = Number(request.headers['content-length'] ?? 0)
  if (!(length <= 1024 * 1024)) throw requestInvalid({ reason: 'the body is too long' })
  let bytes = head
  while (bytes.length < length) bytes = Buffer.concat([bytes, await nextChunk(socket)])
  return {
    route: found.route,
    app: nameFrom(found.parameters),
    body: bytes.subarray(0, length).toString(),
    rest: bytes.subarray(length),
  }
}

function nextChunk(socket: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => {
      socket.pause()
      resolve(chunk)
    })
    socket.once('close', () => reject(new Error('the client went away')))
    socket.resume()
  })
}

function ioOver(socket: Duplex, rest: Buffer, terminal: TerminalSize | undefined): CommandIo {
  const stdin = new PassThrough()
  const resizes: ((size: TerminalSize) => void)[] = []
  const read = frameReader(({ kind, payload }) => {
    if (kind === 'stdin') stdin.write(Buffer.from(payload))
    else if (kind === 'stdinEnd') stdin.end()
    else if (kind === 'resize') {
      const size = parseAs(payload.toString(), CommandRequest.shape.terminal)
      if (size) for (const listener of resizes) listener(size)
    }
  })
  const readOrClose = (chunk: Buffer) => {
    try {
      read(chunk)
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }
  socket.on('data', readOrClose)
  if (rest.length > 0) readOrClose(rest)
  socket.resume()
  return {
    stdin,
    stdout: (chunk) => socket.write(encodeFrame('stdout', chunk)),
    stderr: (chunk) => socket.write(encodeFrame('stderr', chunk)),
    ...(terminal ? { terminal } : {}),
    onResize: (listener) => resizes.push(listener),
  }
}

/** As a shell gives it: 128 and the signal's number for one that was killed. */
function exitCodeOf(exit: Exit): number {
  switch (exit.kind) {
    case 'code':
      return exit.code
    case 'signal':
      return 128 + exit.signal
    case 'unknown':
      return 1
    default:
      return exit satisfies never
  }
}
