import { followFile, readEnd, sizeOf } from '../host/growing-file.ts'

/** What an application printed, as its monitor keeps it: conmon's `k8s-file` format, in one file and two older ones. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds, as the monitor wrote it. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** One line without its end; a longer one than `longestLine` comes in several. */
  readonly text: string
}

/** Characters; an application may print without ever ending a line. */
const longestLine = 64 * 1024

/** Gives a function that takes text as it comes and gives the whole lines in it, with their parts put together. */
export function logParser(): (chunk: string) => LogEntry[] {
  let pending = ''
  const parts = new Map<string, LogEntry>()
  return (chunk) => {
    const lines = (pending + chunk).split('\n')
    pending = lines.pop() ?? ''
    return lines.map((line) => takeLine(line, parts)).filter((entry) => entry !== undefined)
  }
}

/** Adds a line `TIME STREAM F|P TEXT` to the parts before it; gives the entry that it completes, if it does. */
function takeLine(line: string, parts: Map<string, LogEntry>): LogEntry | undefined {
  const match = /^(\S+) (stdout|stderr) ([FP]) (.*)$/s.exec(line)
  const [, time, stream, completeness, text] = match ?? []
  if (time === undefined || text === undefined || (stream !== 'stdout' && stream !== 'stderr')) return undefined
  const before = parts.get(stream)
  const entry: LogEntry = { time: before?.time ?? time, stream, text: (before?.text ?? '') + text }
  if (completeness === 'P' && entry.text.length < longestLine) {
    parts.set(stream, entry)
    return undefined
  }
  parts.delete(stream)
  return entry
}

/** The files of a log, newest first. */
function filesOf(logFile: string): string[] {
  return [logFile, `${logFile}.1`, `${logFile}.2`]
}

export interface LogWish {
  /** How many of the last lines at most. */
  readonly lines: number
  /** Only what was printed at this time or later. */
  readonly since?: Date
}

/** Reads the last lines of a log, oldest first; none when there is no log. */
export async function readLastLines(logFile: string, wish: number | LogWish): Promise<LogEntry[]> {
  const { lines, since } = typeof wish === 'number' ? { lines: wish } : wish
  return readUpTo(logFile, { lines, ...(since ? { since } : {}) }, Infinity)
}

async function readUpTo(logFile: string, { lines, since }: LogWish, end: number): Promise<LogEntry[]> {
  let entries: LogEntry[] = []
  for (const path of filesOf(logFile)) {
    if (entries.length >= lines) break
    entries = [...(await lastOfFile(path, lines - entries.length, path === logFile ? end : Infinity)), ...entries]
  }
  return since ? entries.filter(({ time }) => new Date(time) >= since) : entries
}

/** Reads ever more of a file's end until it holds enough lines. */
async function lastOfFile(path: string, count: number, end: number): Promise<LogEntry[]> {
  for (let bytes = 64 * 1024; ; bytes *= 4) {
    const found = await readEnd(path, bytes, end)
    if (!found) return []
    const text = found.content.toString('utf8')
    // What it begins with may be the rest of a line.
    const entries = logParser()(found.isWhole ? text : text.slice(text.indexOf('\n') + 1))
    if (found.isWhole || entries.length > count || bytes > largestRead) return entries.slice(-count)
  }
}

const largestRead = 32 * 1024 ** 2

/** Gives the last lines of a log and then what is added, until `signal` aborts. */
export async function* followLog(logFile: string, wish: LogWish, signal: AbortSignal): AsyncGenerator<LogEntry> {
  const size = await sizeOf(logFile)
  const found = await readEnd(logFile, longestLine, size)
  // Not in the middle of a line that is just being written.
  const start = found ? size - (found.content.length - 1 - found.content.lastIndexOf(0x0a)) : 0
  yield* await readUpTo(logFile, wish, start)
  const parse = logParser()
  const decoder = new TextDecoder()
  for await (const chunk of followFile(logFile, start, signal)) yield* parse(decoder.decode(chunk, { stream: true }))
}
