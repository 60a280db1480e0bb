import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readEntries } from '../../src/isolation/sandbox/log-file.ts'
import { longestLog } from '../../src/isolation/sandbox/log-rotation.ts'
import type { LevelName } from '../../src/model/levels.ts'
import { eventually, TestSandboxes } from './test-sandboxes.ts'

/** What applications print. */
export function logOfSandboxes(level: LevelName): void {
  const sandboxes = () => TestSandboxes.create(level)

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
      await eventually('the last line', async () => {
        assert.deepEqual(all.ended, [])
        return (await all.log(spec)).at(-1) === 'last' ? true : undefined
      })
      const sizes = await Promise.all(
        ['', '.1', '.2'].map((end) => stat(`${spec.logFile}${end}`).catch(() => undefined)),
      )
      const total = sizes.reduce((sum, facts) => sum + (facts?.size ?? 0), 0)
      assert.ok(total < 20 * 1024 ** 2, `${total} bytes`)
    })
  })
}
