import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import type { LevelName } from '../../src/model/levels.ts'
import type { SandboxSpec } from '../../src/model/sandbox.ts'
import { idleSandbox } from './idle-sandbox.ts'
import { connectFrom, eventually, run, TestSandboxes } from './test-sandboxes.ts'

const webServer = ['python3', '-m', 'http.server', '--directory', '/tmp', '8000']

/** How a sandbox is reached, and what it reaches: the same at every level. */
export function networkOfSandboxes(level: LevelName): void {
  const sandboxes = () => TestSandboxes.create(level)

  describe('the network', () => {
    it('leads from the host to the application, by port 80 and by its own', async () => {
      await using all = await sandboxes()
      const { spec } = await all.start(webServer)
      for (const port of [8000, 80]) await untilServing(spec, port)
    })

    it('lets an application listen on port 80 without being root', async () => {
      await using all = await sandboxes()
      const { spec } = await all.start(['python3', '-m', 'http.server', '--directory', '/tmp', '80'], { port: 80 })
      await untilServing(spec, 80)
    })

    it('leads from a sandbox neither to the host, nor to another sandbox, nor anywhere else', async () => {
      await using all = await sandboxes()
      const other = await all.start(webServer)
      await untilServing(other.spec, 8000) // before that, nobody would get there
      const { id, spec } = await all.start()
      const server = createServer((socket) => socket.end('token'))
      await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      try {
        const targets: [string, number][] = [
          [spec.link?.hostAddress ?? '', port],
          [other.spec.link?.hostAddress ?? '', port],
          ['127.0.0.1', port],
          [other.spec.link?.sandboxAddress ?? '', 8000],
          ['169.254.169.254', 80],
          ['10.99.0.5', 80],
          ['1.1.1.1', 53],
        ]
        for (const [host, number] of targets) {
          const { stdout } = await all.exec(id, connectFrom(host, number))
          assert.match(stdout.trim(), /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH)$/, `${host}:${number} ${stdout}`)
        }
      } finally {
        server.close()
      }
    })

    it('has no IPv6 neighbours, and knows its own name without asking anybody', async () => {
      const { all, id } = await idleSandbox(level)
      assert.equal(await all.shell(id, 'cat /proc/net/if_inet6'), '')
      assert.equal(await all.shell(id, `getent hosts ${id} | wc -l; getent hosts localhost | wc -l`), '1\n1')
    })
  })
}

/** Waits until it answers the host. */
async function untilServing({ link }: SandboxSpec, port: number): Promise<void> {
  await eventually(`port ${port}`, () =>
    run('curl', ['-sf', '-m', '2', `http://${link?.sandboxAddress}:${port}/`]).then(
      () => true,
      () => undefined,
    ),
  )
}
