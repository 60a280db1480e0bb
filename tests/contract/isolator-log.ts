import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { readEntries } from '../../src/isolation/sandbox/log-file.ts'
import { longestLog } from '../../src/isolation/sandbox/log-rotation.ts'
import type { LevelName } from '../../src/model/levels.ts'
import type { SandboxSpec } from '../../src/model/sandbox.ts'
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
      // It may be begun anew only when all is printed: then the end is in the older part.
      const older = await eventually('the older part', () => stat(`${spec.logFile}.1`).catch(() => undefined))
      await eventually('the end', async () => (await wholeLog(spec)).at(-1) === 'end' || undefined)
      const seen = (await wholeLog(spec)).slice(0, -1).map(Number)
      assert.ok(older.size > longestLog)
      assert.equal(seen.length, lines)
      assert.ok(seen.every((number, index) => number === index + 1))
    })

    it('fills no disk when an application prints as fast as it can, and still has its last line', async () => {
      await using all = await sandboxes()
      const script = 'head -c 60000000 /dev/zero | tr "\\0" x | fold -w 500; echo; echo last; sleep 1000'
      const { spec } = await all.start(['sh', '-c', script], { limits: { ...all.limits, cpus: 2 } })
      await eventually('the last line', async () => {
        assert.deepEqual(all.ended, [])
        // Right after it was begun anew, the last line is that of the older part.
        const [now, older] = [await all.log(spec), await all.log({ ...spec, logFile: `${spec.logFile}.1` })]
        return [...older, ...now].at(-1) === 'last' ? true : undefined
      })
      const sizes = await Promise.all(
        ['', '.1', '.2'].map((end) => stat(`${spec.logFile}${end}`).catch(() => undefined)),
      )
      const total = sizes.reduce((sum, facts) => sum + (facts?.size ?? 0), 0)
      assert.ok(total < 20 * 1024 ** 2, `${total} bytes`)
    })
  })
}

/** Of the log and of its older part. */
async function wholeLog({ logFile }: SandboxSpec): Promise<string[]> {
  const lines: string[] = []
  for await (const { text } of readEntries(logFile)) lines.push(text)
  return lines
}
