import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readdir } from '../host/files.ts'
import { LineReader, LogParser, readEntries, readLastLines, type LogEntry } from '../isolation/sandbox/log-file.ts'
import type { LogLine } from '../model/api.ts'
import type { App } from '../store/apps.ts'
import type { Berth } from './berth.ts'

export interface LogWish {
  readonly follow: boolean
  readonly since?: Date
  /** Only this many of the last lines of what is there already. */
  readonly lines?: number
}

const millisecondsBetweenLooks = 200

/** What an application's sandboxes have printed, one sandbox after the other, and with `follow` what they go on to print. */
export async function* logsOf(berth: Berth, app: App, wish: LogWish, signal: AbortSignal): AsyncGenerator<LogLine> {
  const folder = join(berth.paths.logs, app.name)
  // Readers are placed at the end before the past is read: a line may come twice in that instant, but none is lost.
  const followers = wish.follow ? await followersOf(folder) : new Map<string, Follower>()
  yield* wish.lines === undefined ? allLines(folder, wish.since) : lastLines(folder, wish.lines, wish.since)
  while (wish.follow && !signal.aborted) {
    for (const name of await logNames(folder)) {
      const follower = followers.get(name) ?? new Follower(join(folder, name))
      followers.set(name, follower)
      for await (const entry of follower.entries()) yield lineOf(name, entry)
    }
    await sleep(millisecondsBetweenLooks, undefined, { signal }).catch(() => undefined)
  }
}

async function* allLines(folder: string, since: Date | undefined): AsyncGenerator<LogLine> {
  for (const name of await logNames(folder)) {
    for await (const entry of readEntries(join(folder, name))) {
      if (isSince(entry, since)) yield lineOf(name, entry)
    }
  }
}

async function* lastLines(folder: string, count: number, since: Date | undefined): AsyncGenerator<LogLine> {
  let found: LogLine[] = []
  for (const name of (await logNames(folder)).reverse()) {
    if (found.length >= count) break
    const entries = (await readLastLines(join(folder, name), count - found.length)).filter((entry) =>
      isSince(entry, since),
    )
    found = [...entries.map((entry) => lineOf(name, entry)), ...found]
  }
  yield* found
}

/** The log files of an application, oldest sandbox first; older parts of a log belong to its reader. */
async function logNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => [])
  return names.filter((name) => name.endsWith('.log')).sort()
}

/** Reads on from the end of what one log file held. */
class Follower {
  readonly #reader: LineReader
  readonly #parser = new LogParser()

  constructor(file: string) {
    this.#reader = new LineReader(file)
  }

  async skip(): Promise<this> {
    for await (const line of this.#reader.lines()) this.#parser.take(line)
    return this
  }

  async *entries(): AsyncGenerator<LogEntry> {
    for await (const line of this.#reader.lines()) {
      const entry = this.#parser.take(line)
      if (entry) yield entry
    }
  }
}

async function followersOf(folder: string): Promise<Map<string, Follower>> {
  const names = await logNames(folder)
  const placed = names.map(async (name) => [name, await new Follower(join(folder, name)).skip()] as const)
  return new Map(await Promise.all(placed))
}

function isSince(entry: LogEntry, since: Date | undefined): boolean {
  return since === undefined || Date.parse(entry.time) >= since.getTime()
}

/** The file's name says which release printed the line: `000007-v3.log`. */
function lineOf(name: string, { time, stream, text }: LogEntry): LogLine {
  return { time, release: /-(v[0-9]+)\.log$/.exec(name)?.[1] ?? '', stream, text }
}
