import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readEntries } from '../../src/isolation/sandbox/log-file.ts'
import { longestLog } from '../../src/isolation/sandbox/log-rotation.ts'
import { levelFacts, type LevelName } from '../../src/model/levels.ts'
import { Problem } from '../../src/model/problem.ts'
import { levelPromises } from '../../src/model/promises.ts'
import { Secret } from '../../src/model/secret.ts'
import { idleSandbox } from './idle-sandbox.ts'
import { leftovers } from '../e2e/leftovers.ts'
import { connectFrom, eventually, run, TestSandboxes } from './test-sandboxes.ts'

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
      await all.isolator.stop(id, 10)
      assert.ok(performance.now() - before < 2000)
      assert.deepEqual(await leftovers(all.instance), [])
    })

    it('kills one that does not, after the grace', async () => {
      await using all = await sandboxes()
      const { id, spec } = await all.start(['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'])
      await eventually('its first line', async () => (await all.log(spec)).find((line) => line === 'ready'))
      const before = performance.now()
      await all.isolator.stop(id, 1)
      const seconds = (performance.now() - before) / 1000
      assert.ok(seconds > 0.9 && seconds < 4, `${seconds}`)
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
        const script = `import signal, sys, time
for number in {15, ${number}}: signal.signal(number, lambda number, frame: (print(number, flush=True), sys.exit()))
print('ready', flush=True)
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
      const spec = await all.complete(all.spec(['sh', '-c', 'while :; do echo tick; sleep 0.1; done']))
      const child = spawn(process.execPath, [starter, JSON.stringify(spec)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, BERTH_HOME: all.instance.home },
      })
      const pid = Number(await new Promise((resolve) => child.stdout.once('data', resolve)))
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      const [found] = await all.isolator.list()
      assert.ok(found?.state === 'running' && found.pid === pid, JSON.stringify(found))
      const before = (await all.log(spec)).length
      await eventually('more lines', async () => ((await all.log(spec)).length > before + 3 ? true : undefined))
    })
  })

  describe('examine()', () => {
    it('has nothing to say of a sandbox that is as it was started', async () => {
      await using all = await sandboxes()
      const { spec, pid } = await all.start(undefined, {
        volumes: [await all.volume('/srv/deep/data')],
        env: { ...all.spec([]).env, TOKEN: new Secret('hidden') },
      })
      const topmost = join(all.instance.home, 'topmost')
      await mkdir(topmost)
      assert.deepEqual((await all.isolator.examine(spec, { pid, topmost })).drift, [])
    })
  })

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
      const exit = await all.isolator.exec(id, ['sh', '-c', 'echo ready; exec sleep 500'], io, aborting.signal)
      assert.deepEqual(exit, { kind: 'signal', signal: 9, outOfMemory: false })
      assert.equal(await all.shell(id, 'ps -eo args= | grep -c "[s]leep 500" || true'), '0')
      assert.equal((await all.isolator.list())[0]?.state, 'running')
    })

    it('refuses for a sandbox that does not run', async () => {
      await using all = await sandboxes()
      await assert.rejects(all.exec('nobody-1', ['true']), Problem)
    })
  })

  describe('the log', () => {
    it('has every line of both streams, long ones too', async () => {
      await using all = await sandboxes()
      const script = 'echo one; echo two >&2; head -c 40000 /dev/zero | tr "\\0" x; echo; echo three'
      const { id, spec } = await all.start(['sh', '-c', script])
      await all.endOf(id)
      const lines = await all.log(spec)
      assert.deepEqual(lines.map((line) => line.length).sort(), [3, 3, 40_000, 5].sort())
      assert.match(await readFile(spec.logFile, 'utf8'), / stderr F two$/m)
    })

    it('is begun anew when it grows too long, and loses no line by that', async () => {
      await using all = await sandboxes()
      const lines = 60_000 // of 100 bytes each, as the monitor writes them: one rotation
      const script = `i=0; while [ $i -lt 6 ]; do seq -f "%054.0f" $((i * 10000 + 1)) $((i * 10000 + 10000)); i=$((i + 1)); sleep 0.8; done; echo end; sleep 1000`
      const { spec } = await all.start(['sh', '-c', script], { limits: { ...all.limits, cpus: 2 } })
      for (let waited = 0; (await all.log(spec)).at(-1) !== 'end'; waited += 1) {
        assert.ok(waited < 60, 'it never ends')
        await sleep(500)
      }
      const seen: number[] = []
      for await (const { text } of readEntries(spec.logFile)) if (text !== 'end') seen.push(Number(text))
      assert.ok((await stat(`${spec.logFile}.1`)).size > longestLog)
      assert.equal(seen.length, lines)
      assert.ok(seen.every((number, index) => number === index + 1))
    })

    it('fills no disk when an application prints as fast as it can, and still has its last line', async () => {
      await using all = await sandboxes()
      const script = 'head -c 60000000 /dev/zero | tr "\\0" x | fold -w 500; echo; echo last; sleep 1000'
      const { spec } = await all.start(['sh', '-c', script], { limits: { ...all.limits, cpus: 2 } })
      await eventually('the last line', async () => ((await all.log(spec)).at(-1) === 'last' ? true : undefined))
      const sizes = await Promise.all(
        ['', '.1', '.2'].map((end) => stat(`${spec.logFile}${end}`).catch(() => undefined)),
      )
      const total = sizes.reduce((sum, facts) => sum + (facts?.size ?? 0), 0)
      assert.ok(total < 20 * 1024 ** 2, `${total} bytes`)
    })
  })
}
