import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { encodeFrame, frameReader } from '../model/command-stream.ts'
import type { Event } from '../model/events.ts'
import type { Problem } from '../model/problem.ts'
import { connect } from './connection.ts'
import { runRemotely } from './remote-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-connection-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let sockets = 0

async function serving(
  listener: RequestListener,
  use: (socket: string, server: Server) => Promise<void>,
): Promise<void> {
  const server = createServer(listener)
  const socket = join(folder, `${(sockets += 1)}.sock`)
  server.listen(socket)
  await once(server, 'listening')
  try {
    await use(socket, server)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const never = new AbortController().signal

describe('connect()', () => {
  it('gives events as they come, characters whole', async () => {
    const bytes = Buffer.from(
      '{"kind":"notice","message":"é"}\n{"kind":"done","app":"a","action":"stop","message":""}\n',
    )
    const listener: RequestListener = (_request, answer) => {
      answer.write(bytes.subarray(0, 29)) // in the middle of é
      setTimeout(() => answer.end(bytes.subarray(29)), 20)
    }
    await serving(listener, async (socket) => {
      const events: Event[] = []
      for await (const event of connect(socket, never).work('POST', '/v1/x')) events.push(event)
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ['notice', 'done'],
      )
      assert.equal(events[0]?.kind === 'notice' && events[0].message, 'é')
    })
  })

  const refused = { kind: 'problem', code: 'app-is-busy', message: 'Busy', fix: 'Wait', temporary: true }

  it('throws the problem that a request is refused with', async () => {
    const listener: RequestListener = (_request, answer) => answer.writeHead(409).end(JSON.stringify(refused))
    await serving(listener, async (socket) => {
      await assert.rejects(connect(socket, never).get('/v1/apps'), (error: Problem) => {
        assert.deepEqual([error.code, error.text.fix, error.exitCode], ['app-is-busy', 'Wait', 75])
        return true
      })
    })
  })

  it('throws the refusal of a request whose body nobody read to its end', async () => {
    const listener: RequestListener = (_request, answer) => {
      answer.writeHead(409, { connection: 'close' }).end(JSON.stringify(refused))
    }
    await serving(listener, async (socket) => {
      const body = Readable.from([Buffer.alloc(1_000_000), Buffer.alloc(1_000_000)])
      await assert.rejects(
        connect(socket, never).send('POST', '/v1/plan', body),
        (error: Problem) => error.code === 'app-is-busy',
      )
    })
  })

  it('sends no more of a body once a problem has come, and ends with that', async () => {
    const listener: RequestListener = (request, answer) => {
      answer.write(`${JSON.stringify(refused)}\n`)
      request.resume() // as the daemon does before it ends the answer
    }
    await serving(listener, async (socket) => {
      const given = new AbortController()
      const endless = async function* () {
        try {
          for (;;) {
            await setImmediate()
            yield Buffer.alloc(1000)
          }
        } finally {
          given.abort()
        }
      }
      const events: Event[] = []
      for await (const event of connect(socket, never).work('POST', '/v1/x', Readable.from(endless())))
        events.push(event)
      assert.deepEqual(events, [refused])
      if (!given.signal.aborted) await once(given.signal, 'abort')
    })
  })

  it('fails with what the body failed with', async () => {
    const listener: RequestListener = (request) => void request.resume()
    await serving(listener, async (socket) => {
      const body = Readable.from(
        (function* () {
          yield Buffer.alloc(10)
          throw new Error('the disk gave an error')
        })(),
      )
      await assert.rejects(connect(socket, never).send('POST', '/v1/plan', body), /the disk gave an error/)
    })
  })

  for (const [how, last] of [
    ['ends', ''],
    ['ends in the middle of a line', '{"kind":"not'],
  ] as const) {
    it(`says that the daemon was lost when it ${how} before the last event`, async () => {
      const listener: RequestListener = (_request, answer) => {
        answer.write(`{"kind":"notice","message":"1"}\n${last}`)
        setTimeout(() => answer.destroy(), 20)
      }
      await serving(listener, async (socket) => {
        const read = async () => {
          const events = connect(socket, never).work('POST', '/v1/x')
          while ((await events.next()).done !== true);
        }
        await assert.rejects(read(), (error: Problem) => error.code === 'daemon-lost')
      })
    })
  }
})

describe('runRemotely()', () => {
  it('passes input, output and the exit code', async () => {
    await serving(
      () => undefined,
      async (socket, server) => {
        server.on('upgrade', (request, stream) => {
          assert.equal(request.headers.upgrade, 'berth-command')
          stream.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: berth-command\r\n\r\n')
          let input = ''
          stream.on(
            'data',
            frameReader(({ kind, payload }) => {
              if (kind === 'stdin') input += payload.toString()
              if (kind !== 'stdinEnd') return
              stream.write(encodeFrame('stdout', input.toUpperCase()))
              stream.write(encodeFrame('stderr', 'done'))
              stream.end(encodeFrame('exit', '7'))
            }),
          )
        })
        const input = new PassThrough()
        input.end('hello')
        const output = { stdout: '', stderr: '' }
        const code = await runRemotely(
          { socket, path: '/v1/apps/a/run', request: { argv: ['cat'] }, signal: never },
          {
            input,
            stdout: (chunk) => (output.stdout += chunk.toString()),
            stderr: (chunk) => (output.stderr += chunk.toString()),
            onResize: () => () => undefined,
          },
        )
        assert.deepEqual({ code, ...output }, { code: 7, stdout: 'HELLO', stderr: 'done' })
      },
    )
  })
})
