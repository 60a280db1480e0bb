import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { Exit } from '../../model/sandbox.ts'
import { awaitHealthy, type Pace } from './health.ts'

const never = new Promise<Exit>(() => undefined)
const signal = new AbortController().signal

/** Nothing stalls for so long, and time goes on with each look at it: enough for an answer, and not for ever. */
function steady(): Pace {
  let looks = 0
  return { patience: { least: 60_000, most: 60_000 }, now: () => (looks += 1) * 40 }
}

async function withServer(listener: RequestListener, work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await work((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const checkOf = (port: number, timeoutSeconds = 5) => ({
  address: '127.0.0.1',
  port,
  path: '/up',
  host: 'shop.localhost',
  timeoutSeconds,
})

describe('awaitHealthy()', () => {
  it('waits until the application answers well', () => {
    let asked = 0
    return withServer(
      (request, response) => {
        assert.equal(request.url, '/up')
        assert.equal(request.headers.host, 'shop.localhost')
        response.writeHead((asked += 1) < 3 ? 503 : 204).end()
      },
      async (port) => {
        assert.equal((await awaitHealthy(checkOf(port), never, signal, steady())).kind, 'healthy')
        assert.equal(asked, 3)
      },
    )
  })

  it('takes a redirect for health and does not follow it', () =>
    withServer(
      (request, response) => {
        assert.equal(request.url, '/up')
        response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
      },
      async (port) => {
        assert.equal((await awaitHealthy(checkOf(port), never, signal, steady())).kind, 'healthy')
      },
    ))

  it('says what the last answer was when time is up', () =>
    withServer(
      (_, response) => response.writeHead(500).end(),
      async (port) => {
        const outcome = await awaitHealthy(checkOf(port, 0.2), never, signal, steady())
        assert.deepEqual({ ...outcome, seconds: 0 }, { kind: 'unhealthy', answer: 'answered 500', seconds: 0 })
      },
    ))

  it('says that nobody listens', async () => {
    const outcome = await awaitHealthy(checkOf(1, 0.1), never, signal, steady())
    assert.equal(outcome.kind === 'unhealthy' && outcome.answer, 'did not answer: connection refused')
  })

  it('does not wait for an application that has ended', async () => {
    const exit: Exit = { kind: 'code', code: 3, outOfMemory: false }
    const outcome = await awaitHealthy(checkOf(1, 60), Promise.resolve(exit), signal)
    assert.deepEqual(outcome.kind === 'ended' && outcome.exit, exit)
  })

  it('gives up on an application that never ends its answer', () =>
    withServer(
      () => undefined,
      async (port) => {
        assert.equal((await awaitHealthy(checkOf(port, 0.2), never, signal)).kind, 'unhealthy')
      },
    ))
})

describe('awaitHealthy() of an image with a way of its own', () => {
  const ask = (port: number, over: object) => awaitHealthy({ ...checkOf(port, 1), ...over }, never, signal, steady())
  const command = { kind: 'command' as const, argv: ['check'], timeoutSeconds: 7 }

  it('runs its command until that ends well', () => {
    let asked = 0
    const run = (argv: readonly string[], timeoutSeconds: number) => {
      assert.deepEqual([argv, timeoutSeconds], [['check'], 7])
      return Promise.resolve((asked += 1) < 3 ? 'exit code 1' : undefined)
    }
    return withServer(
      (_, response) => response.writeHead(500).end(),
      async (port) => {
        assert.equal((await ask(port, { own: command, run, timeoutSeconds: 30 })).kind, 'healthy')
        assert.equal(asked, 3)
      },
    )
  })

  it('says what its command came to when time is up', () =>
    withServer(
      (_, response) => response.end(),
      async (port) => {
        const outcome = await ask(port, { own: command, run: () => Promise.resolve('exit code 7, curl: no') })
        assert.ok(outcome.kind === 'unhealthy')
        assert.match(outcome.answer, /HEALTHCHECK of its image: exit code 7, curl: no$/)
      },
    ))

  it('does not run it before the port is open', async () => {
    const run = () => assert.fail('it was run')
    // A port that was let go could be somebody else's by now.
    const outcome = await ask(1, { own: command, run })
    assert.ok(outcome.kind === 'unhealthy')
    assert.match(outcome.answer, /connection refused/)
  })

  it('is content with an open port where there is no check', () =>
    withServer(
      (_, response) => response.writeHead(500).end(),
      async (port) => assert.equal((await ask(port, { own: { kind: 'port' } })).kind, 'healthy'),
    ))
})
