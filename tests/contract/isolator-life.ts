import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { levelFacts, type LevelName } from '../../src/model/levels.ts'
import { Problem } from '../../src/model/problem.ts'
import { levelPromises } from '../../src/model/promises.ts'
import { Secret } from '../../src/model/secret.ts'
import { leftovers } from '../e2e/leftovers.ts'
import { eventually, run, TestSandboxes } from './test-sandboxes.ts'

/** A program that starts the sandbox given as JSON in its first argument, prints its pid and stays. */
const starter = new URL('../e2e/start-sandbox.ts', import.meta.url).pathname

/** Starting, ending, watching, finding again. */
export function lifeOfSandboxes(level: LevelName): void {
  const sandboxes = () => TestSandboxes.create(level)
  const promises = levelPromises[level]
  const holdsMemory = !levelFacts[level].cannotGive.includes('memory')

  describe('missing()', () => {
    it('has nothing to say on a host that can', async () => {
      await using all = await sandboxes()
      assert.deepEqual(await all.isolator.missing(level), [])
    })
  })

  describe('start()', () => {
    it('starts what is then listed as running', async () => {
      await using all = await sandboxes()
      const { id, pid } = await all.start()
      const [found, ...others] = await all.isolator.list()
      assert.ok(found?.state === 'running' && found.id === id && found.pid === pid, JSON.stringify(found))
      assert.deepEqual(others, [])
    })

    const failures = [
      { it: 'a layer is missing', over: { layers: ['/nonexistent/layer'] } },
      { it: 'a volume lies on a file', over: { volumes: [{ source: '/etc/hostname', target: '/data' }] } },
    ]
    for (const failure of failures) {
      it(`leaves nothing behind when ${failure.it}`, async () => {
        await using all = await sandboxes()
        await assert.rejects(all.start(['true'], failure.over), Problem)
        assert.deepEqual(await all.isolator.list(), [])
        assert.deepEqual(await leftovers(all.instance), [])
      })
    }

    it('refuses an id that is taken, and leaves that sandbox alone', async () => {
      await using all = await sandboxes()
      const { spec, pid } = await all.start()
      await assert.rejects(all.isolator.start(spec), Problem)
      const [found] = await all.isolator.list()
      assert.ok(found?.state === 'running' && found.pid === pid)
    })
  })

  describe('watch()', () => {
    const ends = [
      { it: 'an exit code', script: 'exit 7', exit: { kind: 'code', code: 7, outOfMemory: false } },
      { it: 'a signal', script: 'kill -9 $$', exit: { kind: 'signal', signal: 9, outOfMemory: false } },
      {
        it: holdsMemory ? 'want of memory' : 'an end that no limit on memory came before',
        script: 'exec python3 -c "bytearray(300 * 1024 * 1024)"',
        exit: holdsMemory
          ? { kind: 'signal', signal: 9, outOfMemory: true }
          : { kind: 'code', code: 0, outOfMemory: false },
      },
    ]
    for (const end of ends) {
      it(`tells of ${end.it}`, async () => {
        await using all = await sandboxes()
        const { id } = await all.start(['sh', '-c', end.script])
        assert.deepEqual(await all.endOf(id), end.exit)
        assert.deepEqual(await all.isolator.list(), [{ id, state: 'ended', exit: end.exit }])
      })
    }

    it('does not tell of an end that stop caused', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      await all.isolator.stop(id, 5)
      await sleep(1200)
      assert.deepEqual(all.ended, [])
    })

    it('tells when the monitor was killed', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const [found] = await all.isolator.list()
      assert.ok(found?.state === 'running')
      process.kill(found.monitorPid, 'SIGKILL')
      assert.deepEqual(await all.endOf(id), { kind: 'unknown' })
      await all.isolator.stop(id, 1)
      assert.deepEqual(await leftovers(all.instance), [])
    })
  })

  describe('stop()', () => {
    it('is quick for an application that heeds SIGTERM, also right after its start', async () => {
      await using all = await sandboxes()
      const { id } = await all.start()
      const before = performance.now()
      await all.isolator.stop(id, 120)
      assert.ok(performance.now() - before < 60_000) // long before the grace is over, however slow the host is
      assert.deepEqual(await leftovers(all.instance), [])
    })

    it('kills one that does not, after the grace', async () => {
      await using all = await sandboxes()
      const { id, spec } = await all.start(['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'])
      await eventually('its first line', async () => (await all.log(spec)).find((line) => line === 'ready'))
      const before = performance.now()
      await all.isolator.stop(id, 1)
      const seconds = (performance.now() - before) / 1000
      assert.ok(seconds > 0.9 && seconds < 60, `${seconds}`)
      assert.deepEqual(await leftovers(all.instance), [])
    })

    const asked = [
      { stopSignal: 'SIGQUIT', number: 3 },
      { stopSignal: 'SIGWINCH', number: 28 },
      { stopSignal: 'SIGRTMIN+3', number: promises.realTimeSignals ? 37 : 15 },
    ]
    for (const { stopSignal, number } of asked) {
      it(`sends signal ${number} to what wants to be asked with ${stopSignal}`, async () => {
        await using all = await sandboxes()
        // What is buffered cannot be printed by a signal that comes while the first line is.
        const script = `import os, signal, sys, time
for number in {15, ${number}}: signal.signal(number, lambda number, frame: (os.write(1, b'%d\\n' % number), sys.exit()))
os.write(1, b'ready\\n')
while True: time.sleep(1)`
        const { id, spec } = await all.start(['python3', '-c', script], { stopSignal })
        await eventually('its first line', async () => (await all.log(spec)).find((line) => line === 'ready'))
        await all.isolator.stop(id, 60)
        assert.deepEqual(await all.log(spec), ['ready', String(number)])
      })
    }

    it('does nothing for an unknown id', async () => {
      await using all = await sandboxes()
      await all.isolator.stop('nobody-1', 5)
    })

    it('removes debris of any kind', async () => {
      await using all = await sandboxes()
      const { name, run: runDirectory, interfacePrefix } = all.instance
      await mkdir(join(runDirectory, 'sandboxes', 'half-1', 'rootfs'), { recursive: true })
      await run('mount', ['-t', 'tmpfs', 'debris', join(runDirectory, 'sandboxes', 'half-1', 'rootfs')])
      await run('ip', [
        'link',
        'add',
        `${interfacePrefix}-ffffff`,
        'type',
        'veth',
        'peer',
        'name',
        `${interfacePrefix}x`,
      ])
      await run('ip', ['link', 'set', 'dev', `${interfacePrefix}-ffffff`, 'alias', 'half-2'])
      assert.deepEqual(await all.isolator.list(), [
        { id: 'half-1', state: 'debris' },
        { id: 'half-2', state: 'debris' },
      ])
      for (const id of ['half-1', 'half-2']) await all.isolator.stop(id, 1)
      assert.deepEqual(await all.isolator.list(), [])
      assert.deepEqual(await leftovers(all.instance), [], name)
    })
  })

  describe('list()', () => {
    it('finds what a killed berth has started, and it still runs and prints', async () => {
      await using all = await sandboxes()
      const spec = await all.complete(all.spec(['sh', '-c', 'n=0; while :; do n=$((n + 1)); echo $n; sleep 0.1; done']))
      const child = spawn(process.execPath, [starter, JSON.stringify(spec)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, BERTH_HOME: all.instance.home },
      })
      const pid = Number(await new Promise((resolve) => child.stdout.once('data', resolve)))
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      const [found] = await all.isolator.list()
      assert.ok(found?.state === 'running' && found.pid === pid, JSON.stringify(found))
      const count = async () => Number((await all.log(spec)).at(-1) ?? 0)
      const before = await count()
      await eventually('more lines', async () => ((await count()) > before + 3 ? true : undefined))
    })
  })

  describe('examine()', () => {
    it('has nothing to say of a sandbox that is as it was started', async () => {
      await using all = await sandboxes()
      const { spec, pid } = await all.start(['sh', '-c', 'echo up; exec sleep 1000'], {
        volumes: [await all.volume('/srv/deep/data')],
        env: { ...all.spec([]).env, TOKEN: new Secret('hidden') },
      })
      // Until it has been let go, its first process is still the runtime's own.
      await eventually('it to be up', async () => (await all.log(spec)).includes('up') || undefined)
      const topmost = join(all.instance.home, 'topmost')
      await mkdir(topmost)
      assert.deepEqual((await all.isolator.examine(spec, { pid, topmost })).drift, [])
    })
  })
}
