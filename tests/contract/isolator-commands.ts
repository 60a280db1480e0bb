import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import type { LevelName } from '../../src/model/levels.ts'
import { Problem } from '../../src/model/problem.ts'
import { levelPromises } from '../../src/model/promises.ts'
import { idleSandbox } from './idle-sandbox.ts'
import { leftovers } from '../e2e/leftovers.ts'
import { connectFrom, TestSandboxes } from './test-sandboxes.ts'

/** Commands in sandboxes of their own, and beside applications. */
export function commandsInSandboxes(level: LevelName): void {
  const sandboxes = () => TestSandboxes.create(level)
  const promises = levelPromises[level]

  describe('run()', () => {
    it('gives output, exit code and input to a command of its own, with loopback alone', async () => {
      await using all = await sandboxes()
      const { link, ...rest } = all.spec([
        'sh',
        '-c',
        'cat; echo err >&2; tail -n +3 /proc/net/dev | cut -d: -f1; exit 3',
      ])
      assert.ok(link)
      const ran = await all.runOnce(rest, { stdin: Readable.from(['typed\n']) })
      assert.deepEqual(ran, {
        exit: { kind: 'code', code: 3, outOfMemory: false },
        stdout: 'typed\n    lo\n',
        stderr: 'err\n',
      })
      assert.deepEqual(await leftovers(all.instance), [])
    })

    it('has the network that it is given before its command begins, and leaves nothing of it', async () => {
      await using all = await sandboxes()
      const network = { egress: [], links: [], bandwidth: 1e9, nameServer: '127.0.0.1' }
      // Refused by the fence: a sandbox without a network would find no way there.
      const ran = await all.runOnce(all.spec(connectFrom('10.99.0.5', 80), { network }))
      assert.deepEqual(ran, {
        exit: { kind: 'code', code: 0, outOfMemory: false },
        stdout: 'ECONNREFUSED\n',
        stderr: '',
      })
      assert.deepEqual(await leftovers(all.instance), [])
    })

    it('is not begun, and leaves nothing, when its network cannot be made', async () => {
      await using all = await sandboxes()
      const network = { egress: [], links: [], bandwidth: 1e9, nameServer: '127.0.0.1' }
      const link = { hostAddress: '10.99.0.256', sandboxAddress: '10.99.0.257' }
      const seen: string[] = []
      const spec = all.spec(['echo', 'begun'], { link, network })
      await assert.rejects(
        all.runOnce(spec, { stdout: (chunk) => seen.push(chunk.toString()) }),
        (error: unknown) => error instanceof Problem && error.code === 'sandbox-not-started',
      )
      assert.deepEqual(seen, [])
      assert.deepEqual(await leftovers(all.instance), [])
    })

    it('is killed and removed by its abort signal', async () => {
      await using all = await sandboxes()
      const aborting = new AbortController()
      const spec = all.spec(['sh', '-c', 'echo ready; sleep 1000 & wait'])
      const work = all.runOnce(spec, { stdout: () => aborting.abort() }, aborting.signal)
      assert.deepEqual((await work).exit, { kind: 'signal', signal: 9, outOfMemory: false })
      assert.deepEqual(await leftovers(all.instance), [])
    })
  })

  describe('exec()', () => {
    it('has a terminal of the size that was asked for', async () => {
      const { all, id } = await idleSandbox(level)
      const { stdout } = await all.exec(
        id,
        ['sh', '-c', 'tty; until [ "$(stty size)" != "0 0" ]; do sleep 0.1; done; stty size'],
        { terminal: { columns: 101, rows: 33 } },
      )
      // A runtime may set its two ends up only after the first output, which then has one more carriage return; crun sets
      // the size only then.
      const [terminal = '', size] = stdout.replaceAll('\r', '').split('\n')
      if (!promises.namesTerminals) assert.equal(terminal, 'not a tty')
      else assert.match(terminal, promises.ownRoot ? /^\/dev\/pts\/0$/ : /^\/dev\/pts\/\d+$/)
      assert.equal(size, '33 101')
    })

    it('kills its command, and nothing else, when aborted', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const aborting = new AbortController()
      const io = { stdout: () => aborting.abort(), stderr: () => undefined }
      const seconds = String(100_000 + randomInt(900_000)) // no other test's, where the host's processes are seen
      const exit = await all.isolator.exec(id, ['sh', '-c', `echo ready; exec sleep ${seconds}`], io, aborting.signal)
      assert.deepEqual(exit, { kind: 'signal', signal: 9, outOfMemory: false })
      assert.equal(await all.shell(id, `ps -eo args= | grep -c "[s]leep ${seconds}" || true`), '0')
      assert.equal((await all.isolator.list())[0]?.state, 'running')
    })

    it('refuses for a sandbox that does not run', async () => {
      await using all = await sandboxes()
      await assert.rejects(all.exec('nobody-1', ['true']), Problem)
    })
  })
}
