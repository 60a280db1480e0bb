import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { mkdtemp, rm, writeFile } from '../../host/files.ts'
import { LineReader, LogParser, readEntries, readLastLines } from './log-file.ts'

const at = '2026-11-23T07:11:11.668321067+00:00'

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-log-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('LogParser', () => {
  it('reads a line, also an empty one and one that looks like a head', () => {
    const parser = new LogParser()
    assert.deepEqual(parser.take(`${at} stdout F hello`), { time: at, stream: 'stdout', text: 'hello' })
    assert.equal(parser.take(`${at} stderr F `)?.text, '')
    assert.equal(parser.take(`${at} stdout F ${at} stderr F x`)?.text, `${at} stderr F x`)
  })

  it('joins the pieces of a line, each stream by itself', () => {
    const parser = new LogParser()
    assert.equal(parser.take(`${at} stdout P one `), undefined)
    assert.equal(parser.take(`${at} stderr F other`)?.text, 'other')
    assert.equal(parser.take(`${at} stdout P two `), undefined)
    assert.equal(parser.take(`${at} stdout F three`)?.text, 'one two three')
  })

  it('keeps a line without end within bounds', () => {
    const parser = new LogParser()
    for (let piece = 0; piece < 100; piece += 1) parser.take(`${at} stdout P ${'x'.repeat(8000)}`)
    assert.equal(parser.take(`${at} stdout F end`)?.text.length, 64 * 1024)
  })

  it('passes over what is no log line', () => {
    assert.equal(new LogParser().take('rubbish'), undefined)
  })
})

describe('readLastLines()', () => {
  it('gives nothing of a file that does not exist', async () => {
    assert.deepEqual(await readLastLines('/nonexistent/log', 5), [])
  })

  it('gives the last lines of a long file', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'log')
      const lines = Array.from({ length: 20_000 }, (_, index) => `${at} stdout F line ${index}\n`)
      await writeFile(file, lines.join(''))
      const last = await readLastLines(file, 3)
      assert.deepEqual(
        last.map(({ text }) => text),
        ['line 19997', 'line 19998', 'line 19999'],
      )
    }))
})

describe('readEntries()', () => {
  it('reads older parts first', () =>
    inFolder(async (folder) => {
      for (const [suffix, text] of [
        ['.2', 'a'],
        ['.1', 'b'],
        ['', 'c'],
      ] as const) {
        await writeFile(join(folder, `log${suffix}`), `${at} stdout F ${text}\n`)
      }
      const texts: string[] = []
      for await (const { text } of readEntries(join(folder, 'log'))) texts.push(text)
      assert.deepEqual(texts, ['a', 'b', 'c'])
    }))
})

describe('LineReader', () => {
  it('goes on where it stopped, and waits for the end of a line', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'log')
      const reader = new LineReader(file)
      const read = async () => {
        const lines: string[] = []
        for await (const line of reader.lines()) lines.push(line)
        return lines
      }
      assert.deepEqual(await read(), [])
      await writeFile(file, 'one\ntw')
      assert.deepEqual(await read(), ['one'])
      await writeFile(file, 'one\ntwo\n')
      assert.deepEqual(await read(), ['two'])
      await writeFile(file, 'new\n')
      assert.deepEqual(await read(), ['new'])
    }))
})
