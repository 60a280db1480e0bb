import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { levelFacts, type LevelName } from '../../src/model/levels.ts'
import { levelPromises } from '../../src/model/promises.ts'
import { idleSandbox } from './idle-sandbox.ts'
import { cpython, forks, gunicorn, inotify, node } from './programs.ts'
import { TestSandboxes } from './test-sandboxes.ts'

/** What a sandbox may take of the host, and that programs of today live with it. */
export function limitsOfSandboxes(level: LevelName): void {
  const sandboxes = () => TestSandboxes.create(level)
  const promises = levelPromises[level]

  describe('limits', () => {
    const readable = promises.readableLimits
    it(readable ? 'can be read inside, as programs look for them' : 'cannot be read inside', async () => {
      const { all, id } = await idleSandbox(level)
      if (!readable) {
        assert.notEqual(await all.shell(id, 'node -p "process.constrainedMemory()"'), String(128 * 1024 ** 2))
        return
      }
      const read = (first: string, second: string) =>
        `cat /sys/fs/cgroup/${first} 2>/dev/null || cat /sys/fs/cgroup/${second}`
      assert.equal(await all.shell(id, read('memory/memory.limit_in_bytes', 'memory.max')), String(128 * 1024 ** 2))
      assert.equal(await all.shell(id, read('pids/pids.max', 'pids.max')), '64')
      assert.match(await all.shell(id, read('cpu/cpu.cfs_quota_us', 'cpu.max')), /^50000/)
      assert.equal(await all.shell(id, 'node -p "process.constrainedMemory()"'), String(128 * 1024 ** 2))
    })

    const stopsForks = !levelFacts[level].cannotGive.includes('pids')
    const how = promises.survivesForks ? 'stop a fork bomb' : 'end what makes a fork bomb, whole'
    it(stopsForks ? how : 'do not stop a fork bomb', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      if (!promises.survivesForks) {
        assert.equal((await all.exec(id, ['python3', '-c', forks])).stdout, '')
        await all.endOf(id)
        return
      }
      const forked = Number((await all.exec(id, ['python3', '-c', forks])).stdout)
      if (stopsForks) assert.ok(forked > 10 && forked < 64, `${forked}`)
      else assert.equal(forked, 500)
    })

    it(`on inotify instances ${promises.ownInotify ? 'keep one sandbox from taking' : 'let one sandbox take'} those of all`, async () => {
      const { all, id } = await idleSandbox(level)
      const taken = Number((await all.exec(id, ['python3', '-c', inotify])).stdout)
      if (promises.ownInotify) assert.equal(taken, 16)
      else assert.ok(taken > 100, `${taken}`)
    })
  })

  describe('programs of today', () => {
    const programs = [
      { it: 'CPython', argv: ['python3', '-c', cpython] },
      { it: 'Node', argv: ['node', '-e', node] },
      { it: 'gunicorn', argv: ['sh', '-c', gunicorn] },
    ]
    for (const program of programs)
      it(`run as they are: ${program.it}`, async () => {
        await using all = await sandboxes()
        const ran = await all.runOnce(all.spec(program.argv))
        assert.equal(ran.stdout.trim().split('\n').at(-1), 'ok', ran.stderr)
      })
  })
}
