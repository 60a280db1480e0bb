import { basename, dirname, join } from 'node:path'
import { openFile, readdir, stat } from '../../host/files.ts'

/**
 * Logs as conmon writes them (its `k8s-file` driver): `TIME stdout F text`, with `P` instead of `F` for a piece of a line
 * that goes on. A log that grew too long has older parts beside it, `.1` the younger one.
 */

export interface LogEntry {
  /** RFC 3339 with nanoseconds, as conmon wrote it. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/** Characters of one line that are kept; an application may print without ever ending a line. */
const longestLine = 64 * 1024
const chunkBytes = 64 * 1024

/** Puts the pieces of lines together again. Give it each line of the file in turn. */
export class LogParser {
  readonly #pieces = { stdout: '', stderr: '' }

  /** @returns the entry that this line completes, or undefined for a piece and for what is no log line */
  take(line: string): LogEntry | undefined {
    const match = /^(\S+) (stdout|stderr) ([FP])(?: |$)/.exec(line)
    if (!match) return undefined
    const [head, time = '', stream, kind] = match
    const name = stream === 'stderr' ? 'stderr' : 'stdout'
    const text = (this.#pieces[name] + line.slice(head.length)).slice(0, longestLine)
    this.#pieces[name] = kind === 'P' ? text : ''
    return kind === 'P' ? undefined : { time, stream: name, text }
  }
}

/** The whole entries of a log and of its older parts, oldest first. */
export async function* readEntries(file: string): AsyncGenerator<LogEntry> {
  const parser = new LogParser()
  for (const part of await partsOf(file)) {
    for await (const line of new LineReader(part).lines()) {
      const entry = parser.take(line)
      if (entry) yield entry
    }
  }
}

/** The last entries of a log; none when it does not exist. Reads no more of it than it has to. */
export async function readLastLines(file: string, count: number): Promise<LogEntry[]> {
  for (let bytes = chunkBytes; ; bytes *= 4) {
    const size = (await stat(file).catch(() => undefined))?.size ?? 0
    const start = Math.max(0, size - bytes)
    const entries: LogEntry[] = []
    const parser = new LogParser()
    for await (const line of new LineReader(file, start).lines()) {
      const entry = parser.take(line)
      if (entry) entries.push(entry)
    }
    // The first one may be the end of a line whose beginning was not read.
    if (start === 0 || entries.length > count) return entries.slice(-count)
  }
}

/** A log and its older parts, oldest first. */
async function partsOf(file: string): Promise<string[]> {
  const name = basename(file)
  const names = await readdir(dirname(file)).catch((): string[] => [])
  const older = names.filter((other) => other.startsWith(`${name}.`) && /^[0-9]+$/.test(other.slice(name.length + 1)))
  const number = (other: string) => Number(other.slice(name.length + 1))
  return [...older.sort((a, b) => number(b) - number(a)).map((other) => join(dirname(file), other)), file]
}

/** Reads the lines of a file that grows, from a position on, as often as it is asked. */
export class LineReader {
  readonly #file: string
  #position: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(file: string, position = 0) {
    this.#file = file
    this.#position = position
  }

  /** Whole lines that were not given before. What follows the last newline waits for its end. */
  async *lines(): AsyncGenerator<string> {
    const handle = await openFile(this.#file, 'r').catch(() => undefined)
    if (!handle) return
    try {
      const { size } = await handle.stat()
      if (size < this.#position) this.#position = 0 // it was rotated: this is a new file
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, this.#position)
        if (bytesRead === 0) return
        this.#position += bytesRead
        yield* this.#cut(buffer.subarray(0, bytesRead))
      }
    } finally {
      await handle.close()
    }
  }

  *#cut(chunk: Buffer): Generator<string> {
    const bytes = Buffer.concat([this.#rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      yield bytes.toString('utf8', start, end)
      start = end + 1
    }
    this.#rest = bytes.subarray(start).subarray(0, 2 * longestLine)
  }
}
