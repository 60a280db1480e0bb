import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createHttpServer } from '../host/http.ts'
import { requestOverSocket } from '../host/unix-http.ts'
import { requestInvalid } from '../model/problems/deploy.ts'
import { eventSink, readLineAndRest, sendProblem, type Call } from './http.ts'

const problem = requestInvalid({ reason: 'the disk is full' })
const never = new AbortController().signal

/** What a client gets whose body a server stops reading after `chunks` chunks, to fail. */
async function answerTo(body: Readable, { chunks, withEvents }: { chunks: number; withEvents: boolean }) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-http-test-'))
  const socket = join(folder, 'socket')
  const server = createHttpServer((request, response) => {
    const fail = async () => {
      const { rest } = await readLineAndRest(request)
      await rest.take(chunks).toArray()
      if (withEvents) eventSink({ request, response } as Call)({ kind: 'notice', message: 'begun' })
      await sendProblem({ request, response }, problem, never)
    }
    void fail()
  })
  server.listen(socket)
  await once(server, 'listening')
  try {
    const answer = await requestOverSocket({ socket, method: 'POST', path: '/', body })
    return { status: answer.statusCode, lines: (await text(answer)).trim().split('\n') }
  } finally {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true })
  }
}

describe('sendProblem()', () => {
  /** Comes so slowly that it is being written, and not waiting to be, when the answer comes. */
  async function* slowBody() {
    yield Buffer.from('{}\n')
    for (let sent = 0; sent < 100; sent += 1) {
      await setImmediate()
      yield Buffer.alloc(64 * 1024)
    }
  }
  for (const withEvents of [false, true]) {
    it(`arrives ${withEvents ? 'after events' : 'as a refusal'}, however much of the body nobody has read`, async () => {
      const { status, lines } = await answerTo(Readable.from(slowBody()), { chunks: 2, withEvents })
      assert.equal(status, withEvents ? 200 : 400)
      assert.match(lines.at(-1) ?? '', /"code":"request-invalid".*the disk is full/)
    })
  }

  it('arrives when the body was read to its end', async () => {
    const { status, lines } = await answerTo(Readable.from(['{}\n', 'body']), { chunks: 100, withEvents: false })
    assert.equal(status, 400)
    assert.equal(lines.length, 1)
  })
})
