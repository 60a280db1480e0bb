import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isAlive, identify } from '../../src/host/processes.ts'
import { Problem } from '../../src/model/problem.ts'
import { eventually } from './test-berth.ts'
import { type Backend, Clients, TestFront } from './test-front.ts'

const run = promisify(execFile)
const host = 'shop.localhost'

describe('the front', { concurrency: false }, () => {
  it('loses no request over six switches, with the old application told to end once it has none under way', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    let current = await test.backend('1')
    await test.front.route(new Map([[host, current.address]]))
    const clients = new Clients(test.instance.httpPort, host, 24)
    for (let number = 2; number <= 7; number += 1) {
      await answeredMore(clients, 250)
      const next = await test.backend(String(number))
      await test.front.route(new Map([[host, next.address]]))
      await drained(test, current)
      current.child.kill('SIGTERM')
      current = next
    }
    await answeredMore(clients, 50)
    await clients.end()
    assert.deepEqual(clients.lost, [])
    assert.deepEqual([...clients.names].sort(), ['1', '2', '3', '4', '5', '6', '7'])
  })

  it('loses no request when another application comes and goes', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    const [shop, blog] = [await test.backend('shop'), await test.backend('blog')]
    await test.front.route(new Map([[host, shop.address]]))
    const clients = new Clients(test.instance.httpPort, host, 8)
    for (let round = 0; round < 3; round += 1) {
      await test.front.route(new Map([[host, shop.address], ['blog.localhost', blog.address]])) // prettier-ignore
      assert.equal(await test.answering('blog.localhost'), 'blog')
      await test.front.route(new Map([[host, shop.address]]))
      assert.equal((await test.get('blog.localhost')).status, 404)
    }
    await clients.end()
    assert.deepEqual(clients.lost, [])
    assert.deepEqual([...clients.names], ['shop'])
  })

  it('goes on serving when berth is killed, and the next berth takes it over', async () => {
    await using test = await TestFront.create()
    const [one, two] = [await test.backend('one'), await test.backend('two')]
    const owner = await test.child('front-owner.ts', JSON.stringify([[host, one.address]]))
    const before = await test.processOf('caddy-process')
    owner.kill('SIGKILL')
    await new Promise((resolve) => owner.once('exit', resolve))
    assert.equal(await test.answering(host), 'one')
    const next = test.anotherFront()
    await next.ensureRunning()
    await next.route(new Map([[host, two.address]]))
    assert.equal(await test.answering(host), 'two')
    assert.equal(await test.processOf('caddy-process'), before)
  })

  for (const name of ['caddy-process', 'dnsmasq'] as const)
    it(`comes back when its ${name} was killed`, async () => {
      await using test = await TestFront.create()
      const backend = await test.backend('one')
      await test.front.ensureRunning()
      await test.front.route(new Map([[host, backend.address]]))
      const killed = await identify(await test.processOf(name))
      assert.ok(killed)
      process.kill(killed.pid, 'SIGKILL')
      while (await isAlive(killed)) await sleep(5)
      await test.front.ensureRunning()
      assert.equal(await test.answering(host), 'one')
      await test.front.route(new Map([[host, (await test.backend('two')).address]]))
      assert.equal(await test.answering(host), 'two')
    })

  it('says in plain words that there is no such application, or that it does not answer', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    const deaf = await test.backend('deaf', 81)
    await test.front.route(new Map([[host, deaf.address]]))
    const answered: string[] = []
    const asking = test.get(host).finally(() => answered.push('silent'))
    const unknown = await test.get('nobody.localhost').finally(() => answered.push('unknown'))
    assert.equal(unknown.status, 404)
    assert.match(unknown.text, /No application answers at <strong>nobody\.localhost</)
    const silent = await asking
    // One is asked again and again for a while, the other never.
    assert.deepEqual(answered, ['unknown', 'silent'])
    assert.ok(silent.status === 502 || silent.status === 503, `${silent.status}`)
    assert.match(silent.text, /does not answer right now/)
  })

  it('hands on a true picture of the client, whatever that one claims', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    await test.front.route(new Map([[host, (await test.backend('one')).address]]))
    const claims = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-host': 'evil', 'x-forwarded-proto': 'https' }
    const { text } = await test.get('SHOP.localhost:1234', '/', claims)
    const { headers } = JSON.parse(text) as { headers: Record<string, string> }
    assert.equal(headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(headers['x-forwarded-host'], 'SHOP.localhost:1234')
    assert.equal(headers['x-forwarded-proto'], 'http')
    assert.equal(headers['host'], 'SHOP.localhost:1234')
  })

  it('sends a request once that an application may have seen', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    await test.front.route(new Map([[host, (await test.backend('one')).address]]))
    assert.equal((await test.post(host, '/break', 'order')).status, 502)
    assert.equal((JSON.parse((await test.get(host)).text) as { posts: number }).posts, 1)
  })

  it('counts the requests under way with a sandbox', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    const { address } = await test.backend('one')
    await test.front.route(new Map([[host, address]]))
    const held = test.get(host, '/held')
    await eventually('one is under way', async () => (await test.front.requestsInFlight(address)) === 1)
    await test.get(host, '/release')
    await held
    await eventually('none is under way', async () => (await test.front.requestsInFlight(address)) === 0)
  })

  it('serves domains over TLS, and sends plain requests for them there', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    const { address } = await test.backend('one')
    await test.front.setDomains(['shop.example.org'])
    await test.front.route(new Map([[host, address], ['shop.example.org', address]])) // prettier-ignore
    const plain = await test.get('shop.example.org', '/x?y=1')
    assert.equal(plain.status, 308)
    const location = `https://shop.example.org:${test.instance.httpsPort}/x?y=1`
    assert.equal(plain.headers.location, location)
    const resolve = `shop.example.org:${test.instance.httpsPort}:127.0.0.1`
    const { stdout } = await run('curl', ['-sk', '--retry', '5', '--retry-all-errors', '--resolve', resolve, location])
    assert.equal((JSON.parse(stdout) as { name: string }).name, 'one')
    await test.front.setDomains([])
    assert.equal((await test.get('shop.example.org')).status, 200)
  })

  it('says who holds its port', async () => {
    await using test = await TestFront.create()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(test.instance.httpPort, resolve))
    try {
      await assert.rejects(test.front.ensureRunning(), (error) => {
        assert.ok(error instanceof Problem && error.code === 'http-port-taken')
        assert.match(error.message, new RegExp(`\\(pid ${process.pid}\\)`))
        return true
      })
    } finally {
      server.close()
    }
  })

  it('runs unprivileged and small', async () => {
    await using test = await TestFront.create()
    await test.front.ensureRunning()
    for (const name of ['caddy-process', 'dnsmasq'] as const) {
      const status = await readFile(`/proc/${await test.processOf(name)}/status`, 'utf8')
      assert.doesNotMatch(status, /^Uid:\s+0\s/m)
      const rss = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
      assert.ok(rss < 45_000, `${name}: ${rss} kB`)
    }
  })
})

async function drained({ front }: TestFront, { address }: Backend): Promise<void> {
  await eventually(`${address} has no requests`, async () => (await front.requestsInFlight(address)) === 0)
}

async function answeredMore(clients: Clients, count: number): Promise<void> {
  const enough = clients.answered + count
  await eventually(`${count} more are answered`, () => Promise.resolve(clients.answered >= enough), 120)
}
