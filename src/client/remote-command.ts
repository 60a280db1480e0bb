import type { Duplex, Readable } from 'node:stream'
import { upgradeOverSocket } from '../host/unix-http.ts'
import type { CommandRequest } from '../model/api.ts'
import { encodeFrame, frameReader, type Frame } from '../model/command-stream.ts'
import type { ProblemEvent } from '../model/events.ts'
import { daemonLost } from '../model/problems/client.ts'
import { refusal } from './connection.ts'
import { problemFrom } from '../model/problem-event.ts'

/** What a command in a sandbox is connected with on our side. */
export interface CommandEnds {
  readonly input: Readable
  stdout(chunk: Buffer): void
  stderr(chunk: Buffer): void
  /** With a terminal: calls back at each change of its size; the returned function ends that. */
  readonly onResize: (listener: (size: { columns: number; rows: number }) => void) => () => void
}

export interface RemoteCommand {
  readonly socket: string
  /** Such as `/v1/apps/shop/exec`. */
  readonly path: string
  readonly request: CommandRequest
  readonly signal: AbortSignal
}

/** Runs a command in a sandbox and gives its exit code. */
export async function runRemotely({ path, request, ...to }: RemoteCommand, ends: CommandEnds): Promise<number> {
  const answer = await upgradeOverSocket({
    ...to,
    path,
    method: 'POST',
    protocol: 'berth-command',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  if (answer.kind === 'refused') throw await refusal(answer.answer, `POST ${path}`)
  to.signal.addEventListener('abort', () => answer.stream.destroy(), { once: true })
  const stopSending = sendInput(answer.stream, ends)
  try {
    return await readToExit(answer.stream, answer.head, ends)
  } finally {
    stopSending()
    answer.stream.destroy()
  }
}

function sendInput(stream: Duplex, { input, onResize }: CommandEnds): () => void {
  const onData = (chunk: Buffer) => {
    if (stream.write(encodeFrame('stdin', chunk))) return
    input.pause()
    stream.once('drain', () => input.resume())
  }
  const onEnd = () => stream.write(encodeFrame('stdinEnd'))
  input.on('data', onData).once('end', onEnd)
  const stopWatching = onResize((size) => stream.write(encodeFrame('resize', JSON.stringify(size))))
  return () => {
    stopWatching()
    input.off('data', onData).off('end', onEnd).pause()
  }
}

function readToExit(stream: Duplex, head: Buffer, ends: CommandEnds): Promise<number> {
  return new Promise((resolve, reject) => {
    const onFrame = ({ kind, payload }: Frame) => {
      if (kind === 'stdout') ends.stdout(payload)
      else if (kind === 'stderr') ends.stderr(payload)
      else if (kind === 'exit') resolve(exitCodeFrom(payload))
      else if (kind === 'problem') reject(problemFrom(JSON.parse(payload.toString()) as ProblemEvent))
    }
    const read = frameReader(onFrame)
    const readOrFail = (chunk: Buffer) => {
      try {
        read(chunk)
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    stream.on('data', readOrFail)
    stream.once('error', reject)
    stream.once('close', () => reject(daemonLost({ work: 'the command' })))
    if (head.length > 0) readOrFail(head)
  })
}

/** The payload of an exit frame is the code in decimal digits. */
function exitCodeFrom(payload: Buffer): number {
  const code = Number(payload.toString())
  return Number.isInteger(code) ? code : 1
}
